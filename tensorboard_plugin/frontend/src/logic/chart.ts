// Curves of one or several runs on one axis: where they lie, and what is near the mouse.
import type { Axis } from "./hash";
import type { Curves } from "./series";

export interface Line {
  /** Unique within the chart. */
  key: string;
  label: string;
  colour: string;
  curves: Curves;
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
export function positions(line: Line, axis: Axis): Place[] {
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
export function stepAt(line: Line, axis: Axis, x: number): number {
  if (axis === "step") return Math.round(x);
  const i = nearest(positions(line, axis), x);
  return i < 0 ? 0 : line.curves.step[i]!;
}

/** Returns the place on the axis of a step. */
export function placeOf(line: Line, axis: Axis, step: number): Place {
  if (axis === "step") return step;
  const i = nearest(line.curves.step, step);
  return i < 0 ? null : positions(line, axis)[i]!;
}

/** Returns whether a curve has anything to draw. */
export function hasValues(curves: Curves | undefined, quantity: string): boolean {
  if (!curves || !Object.hasOwn(curves.values, quantity)) return false;
  return curves.values[quantity]!.mean.some((value) => value !== null);
}

/** Returns the part of the axis that the lines take, or that is looked at. */
export function placeRange(lines: readonly Line[], axis: Axis, zoom: readonly [number, number] | null): [number, number] | null {
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

/** Returns the values between which to draw, with some room; of what lies within the part looked at. */
export function valueRange(lines: readonly Line[], axis: Axis, x: readonly [number, number], log: boolean): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    const curve = line.curves.values[line.quantity];
    if (!curve) continue;
    const bands = lines.length <= MOST_BANDS;
    positions(line, axis).forEach((place, i) => {
      if (place === null || place < x[0] || place > x[1]) return;
      for (const value of bands ? [curve.min[i], curve.max[i]] : [curve.mean[i]]) {
        if (value === null || value === undefined || (log && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    });
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) return [low / 1.25, high * 1.25];
  if (low === high) return [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  const room = (high - low) * 0.06;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}
