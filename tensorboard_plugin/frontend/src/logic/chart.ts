// Curves of one or several runs on one axis: their positions, and the points near the mouse.
import type { Axis } from "./hash";
import type { SeriesData } from "./series";

export interface ChartLine {
  /** Unique within the chart. */
  key: string;
  label: string;
  colour: string;
  curves: SeriesData;
  /** Key of the curve within `curves`. */
  quantity: string;
  /** Wall time at which its run began. */
  started: number;
  /** Draw single points, too: there are few. */
  sparse?: boolean;
}

type Place = number | null;

/** More bands than these would cover each other. */
export const MOST_BANDS = 4;

/** Returns where each bucket of a line lies on the axis. */
export function positions(line: ChartLine, axis: Axis): Place[] {
  const { step, wall } = line.curves;
  if (axis === "step") return step;
  return wall.map((w) => (w === null ? null : axis === "wall" ? w : w - line.started));
}

/** Returns the bucket that is nearest to `x`, or -1. */
export function nearest(places: readonly Place[], x: number): number {
  let best = -1;
  let distance = Infinity;
  places.forEach((place, i) => {
    if (place === null) return;
    const d = Math.abs(place - x);
    if (d < distance) [best, distance] = [i, d];
  });
  return best;
}

/** Returns the step that lies at a place on the axis. */
export function stepAt(line: ChartLine, axis: Axis, x: number): number {
  if (axis === "step") return Math.round(x);
  const i = nearest(positions(line, axis), x);
  return i < 0 ? 0 : line.curves.step[i]!;
}

/** Returns the place on the axis of a step. */
export function placeOf(line: ChartLine, axis: Axis, step: number): Place {
  if (axis === "step") return step;
  const i = nearest(line.curves.step, step);
  return i < 0 ? null : positions(line, axis)[i]!;
}

/** Returns whether a curve has anything to draw. */
export function hasValues(curves: SeriesData | undefined, quantity: string): boolean {
  if (!curves || !Object.hasOwn(curves.values, quantity)) return false;
  return curves.values[quantity]!.mean.some((value) => value !== null);
}

/** Returns the visible part of the axis: the zoom, or the extent of all lines. */
export function placeRange(
  lines: readonly ChartLine[],
  axis: Axis,
  zoom: readonly [number, number] | null,
): [number, number] | null {
  const first = lines[0];
  if (zoom && first) {
    const low = placeOf(first, axis, zoom[0]);
    const high = placeOf(first, axis, zoom[1]);
    if (low !== null && high !== null && low < high) return [low, high];
  }
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (const place of positions(line, axis)) {
      if (place === null) continue;
      if (place < low) low = place;
      if (place > high) high = place;
    }
  }
  if (low > high) return null;
  return low === high ? [low - 1, high + 1] : [low, high];
}

type Range = [number, number];

/** A curve that spans this many times the range of the others is cut off. */
const OUT_OF_SCALE = 20;

/** Returns the least and largest value of a line within a part of the axis, or null. */
function lineExtent(
  line: ChartLine,
  axis: Axis,
  x: readonly [number, number],
  log: boolean,
  band: boolean,
): Range | null {
  const curve = line.curves.values[line.quantity];
  if (!curve) return null;
  let low = Infinity;
  let high = -Infinity;
  positions(line, axis).forEach((place, i) => {
    if (place === null || place < x[0] || place > x[1]) return;
    for (const value of band ? [curve.min[i], curve.max[i]] : [curve.mean[i]]) {
      if (value === null || value === undefined || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  });
  return low > high ? null : [low, high];
}

const union = (ranges: readonly Range[]): Range => [
  Math.min(...ranges.map((r) => r[0])),
  Math.max(...ranges.map((r) => r[1])),
];

/** Returns the ranges without outliers, beside which the others would be flat. At least half of them stay. */
function comparable(ranges: readonly Range[]): Range[] {
  const ordered = [...ranges].sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
  for (let n = Math.ceil(ordered.length / 2); n < ordered.length; n++) {
    const [low, high] = union(ordered.slice(0, n));
    const [wideLow, wideHigh] = union(ordered.slice(0, n + 1));
    if (high > low && wideHigh - wideLow > OUT_OF_SCALE * (high - low)) return ordered.slice(0, n);
  }
  return ordered;
}

/** Returns the range of values to draw, with a margin. When comparing runs, outliers are cut off. */
export function valueRange(
  lines: readonly ChartLine[],
  axis: Axis,
  x: readonly [number, number],
  log: boolean,
  comparing = false,
): Range {
  const found = lines
    .map((line) => lineExtent(line, axis, x, log, lines.length <= MOST_BANDS))
    .filter((range): range is Range => range !== null);
  if (found.length === 0) return log ? [0.1, 1] : [0, 1];
  if (log) {
    const [low, high] = union(found);
    return [low / 1.25, high * 1.25];
  }
  const [low, high] = union(comparing ? comparable(found) : found);
  if (low === high) return [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  const room = (high - low) * 0.06;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

/** Returns the lines that leave the drawn range, and their value that is farthest from 0. */
export function beyond(
  lines: readonly ChartLine[],
  axis: Axis,
  x: readonly [number, number],
  range: readonly [number, number],
): { lines: ChartLine[]; value: number } {
  const out: ChartLine[] = [];
  let value = 0;
  for (const line of lines) {
    const own = lineExtent(line, axis, x, false, false);
    if (!own || (own[0] >= range[0] && own[1] <= range[1])) continue;
    out.push(line);
    for (const end of own) if (Math.abs(end) > Math.abs(value)) value = end;
  }
  return { lines: out, value };
}
