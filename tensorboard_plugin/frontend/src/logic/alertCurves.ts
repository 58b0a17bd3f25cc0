// The curves of an alert. The log lists them, best one first; the first one that the run has is drawn.
import type { Curve, EpochEnd, Num, Quantity, Span } from "../types";
import { hasValues } from "./chart";
import { num } from "./numbers";
import type { SeriesData } from "./series";
import { groupKey, quantity, seriesKey } from "./seriesKey";

/** Returns every quantity that some curves are made of. */
export function quantitiesOf(curves: readonly Curve[]): Quantity[] {
  return curves
    .flatMap((curve) => [curve.quantity, curve.low, curve.high, curve.beside])
    .filter((found): found is Quantity => found !== null);
}

/** Returns the series that hold a quantity, if they are there. */
export type FindSeries = (of: Quantity) => SeriesData | undefined;

/** Returns a function that finds quantities in answers of the route `series` and in Keras' epoch logs. */
export function finder(sent: Record<string, SeriesData> | undefined, epochs: readonly EpochEnd[]): FindSeries {
  return (of) => {
    const series = of.stream === "epochs" && epochs.length ? epochSeries(epochs, of.column) : sent?.[groupKey(of)];
    return hasValues(series, seriesKey(of)) ? series : undefined;
  };
}

/** Returns a key of Keras' epoch logs as a series; undefined if no epoch has it. */
export function epochSeries(epochs: readonly EpochEnd[], column: string): SeriesData | undefined {
  const ends = epochs.filter((end) => Number.isFinite(num(end.logs[column])));
  if (ends.length === 0) return undefined;
  const values = ends.map((end) => num(end.logs[column]));
  const step = ends.map((end) => end.step);
  const of = quantity({ stream: "epochs", column });
  return {
    stream: groupKey(of),
    width: 1,
    samples: step.length,
    expected: step.length,
    step,
    last: step,
    wall: ends.map((end) => num(end.wall_time)),
    values: { [seriesKey(of)]: { mean: values, min: values, max: values, bad: values.map(() => false) } },
  };
}

/** One curve, ready to draw. */
export interface DrawnCurve {
  label: string;
  step: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  bad: boolean[];
}

export interface DrawnCurves {
  /** The curve, and the one to compare with if the run has it. */
  curves: DrawnCurve[];
  /** Where the values should lie. */
  expected: [number, number] | null;
}

/** Returns the first curve with at least two points. */
export function drawnCurves(wanted: readonly Curve[], find: FindSeries): DrawnCurves | null {
  for (const wish of wanted) {
    const found = find(wish.quantity);
    if (!found || found.step.length < 2) continue;
    const main = pick(wish.label, found, wish.quantity);
    const low = wish.low && find(wish.low)?.values[seriesKey(wish.low)];
    const high = wish.high && find(wish.high)?.values[seriesKey(wish.high)];
    if (low) main.low = low.min;
    if (high) main.high = high.max;
    const beside = wish.beside && find(wish.beside);
    const curves = beside ? [main, pick(wish.beside_label, beside, wish.beside!)] : [main];
    return { curves, expected: endsOf(wish.expected) };
  }
  return null;
}

function pick(label: string, series: SeriesData, of: Quantity): DrawnCurve {
  const { mean, min, max, bad } = series.values[seriesKey(of)]!;
  return { label, step: series.step, mean, low: min, high: max, bad };
}

function endsOf(span: Span | null): [number, number] | null {
  return span && isKnown(span.low) && isKnown(span.high) ? [num(span.low), num(span.high)] : null;
}

function isKnown(value: Num): boolean {
  return Number.isFinite(num(value));
}
