// Draws a chart on a canvas. Written for this page: curves of tens of runs, each with an axis of its own length.
import { type ChartLine, MOST_BANDS, placeOf, placeRange, positions, valueRange } from "../logic/chart";
import type { Axis } from "../logic/hash";
import { smooth } from "../logic/series";
import type { Level } from "../logic/status";
import { placeTicks, valueTicks } from "../logic/ticks";
import type { Palette } from "./palette";

export interface Marker {
  step: number;
  level: Level;
  text: string;
}

export interface PlotPicture {
  lines: readonly ChartLine[];
  markers: readonly Marker[];
  /** Steps at which a later `fit` begins. */
  fits: readonly number[];
  axis: Axis;
  zoom: readonly [number, number] | null;
  log: boolean;
  /** Whether the lines are of several runs: those that explode are cut off then. */
  comparing: boolean;
  /** Weight of the smoothing, 0 for none. */
  weight: number;
  palette: Palette;
}

/** The plot area in CSS pixels, and the mapping between values and pixels. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  low: number;
  high: number;
  px: (x: number) => number;
  py: (y: number) => number;
  at: (pixel: number) => number;
}

const LEFT = 58;
const TOP = 16;
const RIGHT = 12;
const BOTTOM = 24;
/** More dots than these would hide the line. */
const MOST_DOTS = 100;
const FONT = "11px Roboto, system-ui, sans-serif";

/** Returns the frame of a picture, or null if there is nothing to draw. */
export function frameOf(picture: PlotPicture, width: number, height: number): Frame | null {
  const x = placeRange(picture.lines, picture.axis, picture.zoom);
  if (!x) return null;
  const y = valueRange(picture.lines, picture.axis, x, picture.log, picture.comparing);
  const bend = (v: number) => (picture.log ? Math.log(Math.max(v, 1e-300)) : v);
  const [w, h] = [Math.max(width - LEFT - RIGHT, 10), Math.max(height - TOP - BOTTOM, 10)];
  return {
    left: LEFT,
    top: TOP,
    width: w,
    height: h,
    low: y[0],
    high: y[1],
    px: (v) => LEFT + ((v - x[0]) / (x[1] - x[0])) * w,
    py: (v) => TOP + h - ((bend(v) - bend(y[0])) / (bend(y[1]) - bend(y[0]))) * h,
    at: (pixel) => x[0] + ((pixel - LEFT) / w) * (x[1] - x[0]),
  };
}

/** Draws a picture; returns its frame. */
export function draw(canvas: HTMLCanvasElement, picture: PlotPicture, width: number, height: number): Frame | null {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  const frame = frameOf(picture, width, height);
  if (!frame) return null;
  drawAxes(context, picture, frame);
  drawFits(context, picture, frame);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top - 1, frame.width, frame.height + 2);
  context.clip();
  if (picture.lines.length <= MOST_BANDS) for (const line of picture.lines) drawBand(context, picture, frame, line);
  for (const line of picture.lines) drawLine(context, picture, frame, line);
  context.restore();
  drawMarkers(context, picture, frame);
  return frame;
}

function drawAxes(context: CanvasRenderingContext2D, picture: PlotPicture, frame: Frame): void {
  const { palette } = picture;
  const bottom = frame.top + frame.height;
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = palette.grid;
  context.fillStyle = palette.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  let free = Infinity;
  for (const tick of valueTicks(frame.low, frame.high, picture.log, Math.floor(frame.height / 28))) {
    const y = Math.round(frame.py(tick.at)) + 0.5;
    if (free - y < 13) continue;
    free = y;
    context.moveTo(frame.left, y);
    context.lineTo(frame.left + frame.width, y);
    context.fillText(tick.text, frame.left - 7, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  const most = Math.max(
    2,
    Math.floor(frame.width / (picture.axis === "step" ? 60 : picture.axis === "relative" ? 96 : 76)),
  );
  for (const tick of placeTicks(frame.at(frame.left), frame.at(frame.left + frame.width), picture.axis, most)) {
    const x = Math.round(frame.px(tick.at)) + 0.5;
    context.moveTo(x, frame.top);
    context.lineTo(x, bottom + 4);
    const half = context.measureText(tick.text).width / 2;
    context.fillText(tick.text, Math.min(Math.max(x, half), frame.left + frame.width + RIGHT - half), bottom + 8);
  }
  context.stroke();
  context.strokeStyle = palette.muted;
  context.globalAlpha = 0.5;
  context.beginPath();
  context.moveTo(frame.left, bottom + 0.5);
  context.lineTo(frame.left + frame.width, bottom + 0.5);
  context.stroke();
  context.globalAlpha = 1;
}

function drawBand(context: CanvasRenderingContext2D, picture: PlotPicture, frame: Frame, line: ChartLine): void {
  const curve = line.curves.values[line.quantity];
  if (!curve || line.curves.width === 1) return;
  const places = positions(line, picture.axis);
  const known = places
    .map((_, i) => i)
    .filter((i) => places[i] !== null && curve.min[i] !== null && curve.max[i] !== null);
  context.fillStyle = line.colour;
  context.globalAlpha = 0.18;
  context.beginPath();
  for (const i of known) context.lineTo(frame.px(places[i]!), frame.py(curve.max[i]!));
  for (const i of known.reverse()) context.lineTo(frame.px(places[i]!), frame.py(curve.min[i]!));
  context.fill();
  context.globalAlpha = 1;
}

function drawLine(context: CanvasRenderingContext2D, picture: PlotPicture, frame: Frame, line: ChartLine): void {
  const curve = line.curves.values[line.quantity];
  if (!curve) return;
  const places = positions(line, picture.axis);
  const trace = (values: readonly (number | null)[]) => {
    context.beginPath();
    let down = false;
    values.forEach((value, i) => {
      const place = places[i];
      if (value === null || place === null || place === undefined) down = false;
      else {
        if (down) context.lineTo(frame.px(place), frame.py(value));
        else context.moveTo(frame.px(place), frame.py(value));
        down = true;
      }
    });
    context.stroke();
  };
  context.strokeStyle = line.colour;
  context.lineJoin = "round";
  // A curve of a few points is not smoothed: the average of three epochs is not a measurement.
  const weight = line.sparse ? 0 : picture.weight;
  if (weight > 0) {
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    trace(curve.mean);
    context.globalAlpha = 1;
  }
  context.lineWidth = 1.6;
  trace(smooth(curve.mean, weight));
  context.fillStyle = line.colour;
  const alone = curve.mean.filter((value) => value !== null).length === 1;
  if (alone || (line.sparse && places.length <= MOST_DOTS)) {
    curve.mean.forEach((value, i) => {
      const place = places[i];
      if (value === null || place === null || place === undefined) return;
      context.beginPath();
      context.arc(frame.px(place), frame.py(value), 3, 0, 7);
      context.fill();
    });
  }
  drawBad(context, picture, frame, curve.bad, places);
}

/** A bar along the bottom where values were not finite, and a cross where that began. */
function drawBad(
  context: CanvasRenderingContext2D,
  picture: PlotPicture,
  frame: Frame,
  bad: readonly boolean[],
  places: readonly (number | null)[],
): void {
  const bottom = frame.top + frame.height;
  context.fillStyle = picture.palette.level.error;
  context.font = "bold 12px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  bad.forEach((here, i) => {
    const place = places[i];
    if (!here || place === null || place === undefined) return;
    const next = places[i + 1];
    const x = frame.px(place);
    context.fillRect(
      x - 1,
      bottom - 4,
      next === null || next === undefined ? 3 : Math.max(frame.px(next) - x, 2) + 1,
      4,
    );
    if (!bad[i - 1]) context.fillText("✕", x, bottom - 7);
  });
}

/** Draws a thin line where a `fit` begins. */
function drawFits(context: CanvasRenderingContext2D, picture: PlotPicture, frame: Frame): void {
  context.strokeStyle = picture.palette.muted;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  context.beginPath();
  for (const step of picture.fits) {
    const x = stepPlace(picture, frame, step);
    if (x === null) continue;
    context.moveTo(Math.round(x) + 0.5, frame.top);
    context.lineTo(Math.round(x) + 0.5, frame.top + frame.height);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawMarkers(context: CanvasRenderingContext2D, picture: PlotPicture, frame: Frame): void {
  // The worst alerts come first in the list and are drawn last, on top.
  for (const marker of [...picture.markers].reverse()) {
    const x = markerPlace(picture, frame, marker);
    if (x === null) continue;
    const colour = picture.palette.level[marker.level];
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.top + frame.height);
    context.stroke();
    context.setLineDash([]);
    glyph(context, marker.level, x, frame.top - 8, 5.5, picture.palette.surface);
  }
}

/** Returns the horizontal position of a marker, or null if it is outside of the plot. */
export function markerPlace(picture: PlotPicture, frame: Frame, marker: Marker): number | null {
  return stepPlace(picture, frame, marker.step);
}

function stepPlace(picture: PlotPicture, frame: Frame, step: number): number | null {
  const first = picture.lines[0];
  const place = first ? placeOf(first, picture.axis, step) : null;
  const x = place === null ? NaN : frame.px(place);
  return x >= frame.left - 1 && x <= frame.left + frame.width + 1 ? x : null;
}

/** The shapes of the icons, small. */
function glyph(context: CanvasRenderingContext2D, level: Level, x: number, y: number, r: number, ink: string): void {
  context.beginPath();
  if (level === "warning") {
    context.moveTo(x, y - r);
    context.lineTo(x + r, y + r * 0.9);
    context.lineTo(x - r, y + r * 0.9);
  } else if (level === "error") {
    for (let i = 0; i < 8; i++)
      context.lineTo(x + r * Math.cos(((i + 0.5) * Math.PI) / 4), y + r * Math.sin(((i + 0.5) * Math.PI) / 4));
  } else context.arc(x, y, r * 0.9, 0, 7);
  context.closePath();
  context.fill();
  context.strokeStyle = ink;
  context.lineWidth = 1.5;
  context.beginPath();
  if (level === "error") {
    context.moveTo(x - r * 0.42, y - r * 0.42);
    context.lineTo(x + r * 0.42, y + r * 0.42);
    context.moveTo(x + r * 0.42, y - r * 0.42);
    context.lineTo(x - r * 0.42, y + r * 0.42);
  } else {
    context.moveTo(x, y - r * 0.3);
    context.lineTo(x, y + r * 0.55);
  }
  context.stroke();
}
