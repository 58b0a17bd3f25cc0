// What the cards of inputs show: which of them, and distributions from quantiles.
import type { InputCard, TensorLayout } from "../types";

export const SPLITS: Record<string, string> = { train: "Training", validation: "Validation", predict: "Prediction" };

/** Returns a tensor's statistic over time, as the route `series` names it. */
export function fanKey(split: string, column: string, { layout }: InputCard): string {
  return `tensors:${split}:${column}:${layout.role}:${layout.stage}:${layout.name}`;
}

/** Returns the cards to show: of an input that the first layer reads as it is fed, one is enough. */
export function mergedCards(cards: readonly InputCard[]): InputCard[] {
  return cards.filter((card) => {
    const { stage, same_as_fed, name } = card.layout;
    const source = card.layout.sources[0] ?? name;
    return !(
      stage === "entry" &&
      same_as_fed &&
      cards.some((c) => c.layout.stage === "fed" && (c.layout.name === source || c.layout.name === name))
    );
  });
}

/** Returns the entry that stands for a fed input, if it is the same tensor: it knows what range is healthy. */
export function entryOf(card: InputCard, cards: readonly InputCard[]): InputCard | undefined {
  const { stage, name } = card.layout;
  if (stage !== "fed") return undefined;
  return cards.find(
    ({ layout }) =>
      layout.stage === "entry" && layout.same_as_fed && (layout.sources.includes(name) || layout.name === name),
  );
}

/** Returns what the last axis of a tensor counts. */
export function featureWord({ role, shape }: Pick<TensorLayout, "role" | "shape">): string {
  if (role === "prediction") return "Output";
  return (shape?.length ?? 0) >= 4 ? "Channel" : "Feature";
}

/**
 * Returns a histogram with bars of equal width from quantiles at even probabilities.
 *
 * Between two quantiles the values are taken as evenly spread; where two are equal, all of that share is at one value.
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
