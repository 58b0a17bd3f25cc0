// Arithmetic of the pictures that show what was seen against what was expected.
import type { LimitPicture, Num, SizesPicture, Span } from "../types";
import { duration, formatNumber, num, percent, sizeBytes } from "./numbers";

/** Axes of a shape in columns; undefined where it has none. */
export type AlignedAxes = (number | null | undefined)[];

/** Returns two shapes aligned in columns: the batch axis first, the other axes from the end. */
export function alignShapes(a: readonly (number | null)[], b: readonly (number | null)[]): [AlignedAxes, AlignedAxes] {
  const ranks = Math.max(a.length, b.length);
  const batch = a[0] === b[0] || a[0] === null || b[0] === null;
  const spread = (axes: readonly (number | null)[]): AlignedAxes => {
    const gap = new Array<undefined>(ranks - axes.length).fill(undefined);
    return batch && axes.length > 1 ? [axes[0], ...gap, ...axes.slice(1)] : [...gap, ...axes];
  };
  return [spread(a), spread(b)];
}

/** Where values lie on a scale, 0..100. */
export interface SpanScale {
  place: (x: number) => number;
  /** Not linear: a linear scale would hide a span. */
  bent: boolean;
  low: number;
  high: number;
}

/** Returns a scale that shows all spans. Ends that are not finite lie at the ends of the scale. */
export function scaleOf(spans: readonly Pick<Span, "low" | "high">[]): SpanScale {
  const ends = spans.flatMap(({ low, high }) => [num(low), num(high)]).filter(Number.isFinite);
  const [low, high] = ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
  const widths = spans.map((s) => num(s.high) - num(s.low)).filter((w) => w > 0 && w < Infinity);
  const bent = widths.length > 1 && Math.max(...widths) / Math.min(...widths) > 400;
  const unit = bent ? Math.max(Math.min(...widths), 1e-30) / 4 : 1;
  const bend = (x: number) => (bent ? Math.asinh(x / unit) : x);
  const span = bend(high) - bend(low) || 1;
  const place = (x: number) => Math.min(100, Math.max(0, ((bend(x) - bend(low)) / span) * 100)) || 0;
  return { place, bent, low, high };
}

/** Returns a number of a limit's picture in its unit. */
export function limitText(value: Num, unit: LimitPicture["unit"]): string {
  const x = num(value);
  if (unit === "fraction") return percent(value);
  if (unit === "bytes") return sizeBytes(x);
  return unit === "s" ? duration(x) : formatNumber(value);
}

/** Farther apart than this, a value and its limit are drawn on a logarithmic scale. */
const FAR_APART = 20;

/** Returns where a value and its limit lie on a bar, 0..100, and whether the scale is logarithmic. */
export function limitPlaces(picture: LimitPicture): { value: number; limit: number; log: boolean } {
  const [value, limit] = [Math.abs(num(picture.value)), Math.abs(num(picture.limit))];
  if (!Number.isFinite(value)) return { value: 100, limit: 50, log: false };
  const [low, high] = [Math.min(value, limit), Math.max(value, limit)];
  if (low > 0 && high / low > FAR_APART) {
    const [first, last] = [Math.log10(low) - 0.6, Math.log10(high) + 0.1];
    const place = (x: number) => ((Math.log10(x) - first) / (last - first)) * 100;
    return { value: place(value), limit: place(limit), log: true };
  }
  const top = high * 1.05 || 1;
  return { value: (value / top) * 100, limit: (limit / top) * 100, log: false };
}

/** Returns the heights of sizes, 0..1: logarithmic where the largest would hide the others. */
export function sizeHeights({ sizes }: SizesPicture): { heights: number[]; log: boolean } {
  const values = sizes.map(num);
  const known = values.filter((size) => size > 0 && size < Infinity);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const log = most / least > FAR_APART;
  const low = Math.log(least) - 0.7;
  const heights = values.map((size) => {
    if (!(size > 0)) return 0;
    return Math.min(1, log ? (Math.log(size) - low) / (Math.log(most) - low) : size / most);
  });
  return { heights, log };
}

/** Returns the places of the largest and the smallest size; -1 where there is none. */
export function extremeSizes({ sizes }: SizesPicture): [number, number] {
  const values = sizes.map(num);
  return [values.indexOf(Math.max(...values)), values.indexOf(Math.min(...values))];
}
