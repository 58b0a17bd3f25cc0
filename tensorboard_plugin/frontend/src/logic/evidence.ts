// Which picture shows what an alert has seen.
import type { Alert, Num } from "../types";
import { formatNumber, num } from "./numbers";
import { visible } from "./text";

export interface Span {
  label: string;
  low: number;
  high: number;
  /** A mark within, e.g. the mean. */
  mark?: number;
}

export type Drawing =
  | { kind: "range"; seen: Span[]; expected: Span }
  | { kind: "limit"; label: string; value: number; limit: number; word: string; log: boolean }
  | { kind: "shapes"; got: (number | null)[]; expected: (number | null)[]; gotLabel: string; expectedLabel: string }
  | { kind: "types"; got: string; expected: string }
  | { kind: "sizes"; sizes: number[]; largest: number; smallest: number }
  | { kind: "none" };

function value(evidence: Record<string, unknown>, ...names: string[]): number {
  for (const name of names) {
    const found = evidence[name];
    if (typeof found === "number" || typeof found === "string") {
      const x = num(found as Num);
      if (Number.isFinite(x)) return x;
    }
  }
  return NaN;
}

function axes(found: unknown): (number | null)[] | null {
  if (Array.isArray(found) && found.length > 0 && found.length <= 12) {
    return found.every((n) => n === null || typeof n === "number") ? (found as (number | null)[]) : null;
  }
  if (typeof found !== "string") return null;
  const match = /^\s*[([]([^()[\]]*)[)\]]\s*$/.exec(found);
  if (!match) return null;
  const parts = match[1]!
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  const numbers = parts.map((part) => (part === "None" ? null : Number(part)));
  return parts.length && numbers.every((n) => n === null || Number.isFinite(n)) ? numbers : null;
}

const SIDES = [
  ["shape", "expected_shape", "came", "expected"],
  ["target_shape", "prediction_shape", "targets", "predictions"],
  ["labels", "predictions", "labels", "predictions"],
  ["left", "right", "left", "right"],
] as const;

/** Returns the picture for the evidence of an alert. */
export function drawingOf(alert: Alert): Drawing {
  const e = alert.evidence;
  for (const [left, right, gotLabel, expectedLabel] of SIDES) {
    const got = axes(e[left]);
    const expected = axes(e[right]);
    if (got && expected) return { kind: "shapes", got, expected, gotLabel, expectedLabel };
  }
  if (typeof e["dtype"] === "string" && typeof e["expected_dtype"] === "string") {
    return { kind: "types", got: e["dtype"], expected: e["expected_dtype"] };
  }
  const sizes = sizesOf(e);
  if (sizes) return sizes;
  const range = rangeOf(e);
  if (range) return range;
  return limitOf(e);
}

function rangeOf(e: Record<string, unknown>): Drawing | null {
  const low = value(e, "min");
  const high = value(e, "max");
  if (!(low <= high)) return null;
  const mean = value(e, "mean");
  const seen: Span = { label: "Seen", low, high, ...(Number.isFinite(mean) ? { mark: mean } : {}) };
  const trainMean = value(e, "train_mean");
  const trainStd = value(e, "train_std");
  if (Number.isFinite(trainMean) && Number.isFinite(trainStd)) {
    const std = value(e, "std");
    const here =
      Number.isFinite(std) && Number.isFinite(mean)
        ? { label: "Validation, mean ± 2 std", low: mean - 2 * std, high: mean + 2 * std, mark: mean }
        : { ...seen, label: "Validation" };
    const train = {
      label: "Training, mean ± 2 std",
      low: trainMean - 2 * trainStd,
      high: trainMean + 2 * trainStd,
      mark: trainMean,
    };
    return { kind: "range", seen: [here], expected: train };
  }
  const limit = value(e, "expected_max_abs", "expected_max_size");
  const expectedLow = value(e, "expected_low", "expected_min");
  const expectedHigh = value(e, "expected_high", "expected_max");
  const expected =
    Number.isFinite(expectedLow) && Number.isFinite(expectedHigh)
      ? { label: "Expected", low: expectedLow, high: expectedHigh }
      : { label: "Expected, at most", low: low < 0 ? -limit : 0, high: limit };
  // What lies within is no evidence: the rule has judged something else, which the numbers tell.
  const within = low >= expected.low && high <= expected.high;
  return Number.isFinite(expected.high) && !within ? { kind: "range", seen: [seen], expected } : null;
}

/** Sizes of the columns of a table, of which some are far larger than others. */
function sizesOf(e: Record<string, unknown>): Drawing | null {
  const sizes = e["sizes"];
  if (!Array.isArray(sizes) || sizes.length < 2 || sizes.length > 256) return null;
  if (!sizes.every((size): size is number => typeof size === "number" && size >= 0)) return null;
  const [largest, smallest] = [value(e, "largest_column"), value(e, "smallest_column")];
  // Of a wide table only some columns are logged: then the numbers of the columns are not places in this list.
  return sizes[largest] === Math.max(...sizes) && smallest in sizes
    ? { kind: "sizes", sizes, largest, smallest }
    : null;
}

function limitOf(e: Record<string, unknown>): Drawing {
  for (const name of Object.keys(e)) {
    const match = /^expected_(max|min)_(.+)$/.exec(name);
    const found = match ? value(e, match[2]!) : NaN;
    const limit = value(e, name);
    if (match && Number.isFinite(found) && Number.isFinite(limit)) {
      const apart = found > 0 && limit > 0 ? Math.max(found / limit, limit / found) : 1;
      const word = match[1] === "max" ? "at most" : "at least";
      return { kind: "limit", label: words(match[2]!), value: found, limit, word, log: apart > 20 };
    }
  }
  return { kind: "none" };
}

/** Returns the name of an evidence number as words. */
export function words(name: string): string {
  return visible(name)
    .replace(/_/g, " ")
    .replace(/\bstd\b/, "std. deviation");
}

/** Returns a value of the evidence as text, whatever it is. */
export function evidenceText(found: unknown): string {
  if (typeof found === "number") return formatNumber(found);
  if (found === "NaN" || found === "Infinity" || found === "-Infinity") return formatNumber(found);
  if (typeof found === "string") return visible(found);
  if (typeof found === "boolean") return found ? "yes" : "no";
  if (found === null || found === undefined) return "–";
  if (Array.isArray(found)) return found.length ? found.map(evidenceText).join(", ") : "none";
  return visible(JSON.stringify(found));
}

/** Axes of a shape in columns; undefined where it has none. */
export type Axes = (number | null | undefined)[];

/** Returns two shapes in equally many columns: the first axes, the batch, and the last ones belong together. */
export function alignShapes(a: readonly (number | null)[], b: readonly (number | null)[]): [Axes, Axes] {
  const ranks = Math.max(a.length, b.length);
  const batch = a[0] === b[0] || a[0] === null || b[0] === null;
  const spread = (axes: readonly (number | null)[]): Axes => {
    const gap = new Array<undefined>(ranks - axes.length).fill(undefined);
    return batch && axes.length > 1 ? [axes[0], ...gap, ...axes.slice(1)] : [...gap, ...axes];
  };
  return [spread(a), spread(b)];
}

/** Returns where values lie on a scale that shows all spans, 0..100. A logarithmic one where linear would hide a span. */
export function scaleOf(spans: readonly { low: number; high: number }[]): {
  place: (x: number) => number;
  bent: boolean;
  low: number;
  high: number;
} {
  const low = Math.min(...spans.map((s) => s.low));
  const high = Math.max(...spans.map((s) => s.high));
  const widths = spans.map((s) => s.high - s.low).filter((w) => w > 0);
  const bent = widths.length > 1 && Math.max(...widths) / Math.min(...widths) > 400;
  const unit = bent ? Math.max(Math.min(...widths), 1e-30) / 4 : 1;
  const bend = (x: number) => (bent ? Math.asinh(x / unit) : x);
  const span = bend(high) - bend(low) || 1;
  return { place: (x) => ((bend(x) - bend(low)) / span) * 100, bent, low, high };
}
