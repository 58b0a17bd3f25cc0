// Arithmetic of the input cards: histograms from quantiles, the most frequent classes.
import type { InputCard, Quantity } from "../types";
import { quantity } from "./seriesKey";

export const SPLITS: Record<string, string> = { train: "Training", validation: "Validation", predict: "Prediction" };

/** Returns a tensor's statistic over time, in training. */
export function tensorQuantity(column: string, { layout: { name, role, stage } }: InputCard): Quantity {
  return quantity({ stream: "tensors", column, name, role, stage });
}

/**
 * Returns a histogram with bars of equal width from quantiles at even probabilities.
 *
 * Values are assumed to be evenly spread between two quantiles. If both are equal, their share is at one value.
 */
export function histogram(quantiles: readonly (number | null)[], low: number, high: number, bars: number): number[] {
  const known = quantiles.filter((q): q is number => q !== null);
  const out = new Array<number>(bars).fill(0);
  if (known.length < 2 || !(high > low)) return out;
  const share = 1 / (known.length - 1);
  const width = (high - low) / bars;
  const binOf = (x: number) => Math.min(bars - 1, Math.max(0, Math.floor((x - low) / width)));
  for (let i = 0; i + 1 < known.length; i++) {
    const a = known[i]!;
    const b = known[i + 1]!;
    if (b <= a) {
      out[binOf(a)]! += share;
      continue;
    }
    for (let bin = binOf(a); bin <= binOf(b); bin++) {
      const overlap = Math.min(b, low + (bin + 1) * width) - Math.max(a, low + bin * width);
      if (overlap > 0) out[bin]! += (share * overlap) / (b - a);
    }
  }
  return out;
}

/** Returns class ids, the most frequent first, at most `most`, and how many are left out. */
export function topClasses(counts: readonly number[], most: number): { ids: number[]; rest: number } {
  const seen = counts.map((n, id) => ({ n, id })).filter((c) => c.n > 0);
  if (counts.length <= most) return { ids: counts.map((_, id) => id), rest: 0 };
  seen.sort((a, b) => b.n - a.n || a.id - b.id);
  return { ids: seen.slice(0, most).map((c) => c.id), rest: Math.max(0, seen.length - most) };
}
