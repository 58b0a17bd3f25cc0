// Paints a heat map: one pixel for each cell, scaled up.
import { BAD, type Cells, colour, place } from "../logic/grid";
import { palette } from "./palette";
import type { Marker } from "./plot";

export interface HeatPicture {
  cells: Cells;
  /** Which rows, from top to bottom. */
  rows: readonly number[];
  /** Height of a row in pixels. */
  height: number;
  /** Ends of the scale. */
  low: number;
  high: number;
  dark: boolean;
  marks: readonly Marker[];
  selected: string;
}

const NOT_FINITE = [232, 62, 40] as const;
const ZERO = { light: [12, 8, 20], dark: [20, 21, 24] } as const;

/** Paints the cells, the marks of the alerts, and a frame around the selected row. */
export function paint(canvas: HTMLCanvasElement, picture: HeatPicture): void {
  const { rows, height } = picture;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(rows.length * height * ratio);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(smallPicture(picture), 0, 0, canvas.width, canvas.height);
  if (height >= 10) {
    context.fillStyle = palette(picture.dark).surface;
    for (let i = 1; i < rows.length; i++)
      context.fillRect(0, Math.round(i * height * ratio) - ratio, canvas.width, ratio);
  }
  drawMarks(context, picture, ratio);
  const chosen = rows.findIndex((index) => picture.cells.rows[index] === picture.selected);
  if (chosen >= 0) {
    context.strokeStyle = picture.dark ? "#ffffff" : "#000000";
    context.lineWidth = 2 * ratio;
    context.strokeRect(
      ratio,
      chosen * height * ratio + ratio,
      canvas.width - 2 * ratio,
      Math.max(height * ratio - 2 * ratio, 2 * ratio),
    );
  }
}

function smallPicture({ cells, rows, low, high, dark }: HeatPicture): HTMLCanvasElement {
  const n = cells.step.length;
  const image = new ImageData(Math.max(n, 1), Math.max(rows.length, 1));
  const zero = dark ? ZERO.dark : ZERO.light;
  rows.forEach((index, r) => {
    const values = cells.values[index]!;
    for (let i = 0; i < n; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const [red, green, blue] =
        value === BAD ? NOT_FINITE : value === 0 && cells.log ? zero : colour(place(value, low, high, cells.log));
      image.data.set([red, green, blue, 255], 4 * (r * n + i));
    }
  });
  const small = document.createElement("canvas");
  small.width = image.width;
  small.height = image.height;
  small.getContext("2d")!.putImageData(image, 0, 0);
  return small;
}

function drawMarks(context: CanvasRenderingContext2D, { cells, marks }: HeatPicture, ratio: number): void {
  const { width, height } = context.canvas;
  const n = cells.step.length;
  const first = cells.step[0] ?? 0;
  const last = cells.last[n - 1] ?? 1;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5 * ratio;
  context.setLineDash([4 * ratio, 4 * ratio]);
  for (const mark of marks) {
    if (mark.step < first || mark.step > last) continue;
    const next = cells.step.findIndex((step) => step > mark.step);
    const x = (((next < 0 ? n : next) - 0.5) / n) * width;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
  }
  context.setLineDash([]);
}
