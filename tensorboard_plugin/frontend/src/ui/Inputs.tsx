// A card for each input, target, output and sample weight.
import { useMemo } from "preact/hooks";
import type { ImageSet, InputCard as Card, RunRow } from "../types";
import { useImages, useInputs, useSeries } from "../state/sources";
import { int } from "../logic/numbers";
import { Empty, Section, Skeleton } from "./common";
import { InputCard } from "./InputCard";

const TITLES: Record<string, string> = {
  input: "Inputs",
  target: "Targets",
  prediction: "Outputs of the model",
  sample_weight: "Sample weights",
};
const COLUMNS = ["min", "q05", "q25", "q50", "q75", "q95", "max"] as const;
const MOST_FANS = 8;

export const fanKey = (split: string, column: string, card: Card) =>
  `tensors:${split}:${column}:${card.layout.role}:${card.layout.stage}:${card.layout.name}`;

/** Cards to show: of an input that the first layer reads as it is fed, one is enough. */
export function mergedCards(cards: readonly Card[]): Card[] {
  return cards.filter((card) => {
    const { stage, same_as_fed, name } = card.layout;
    const source = card.layout.sources[0] ?? name;
    return !(stage === "entry" && same_as_fed && cards.some((c) => c.layout.stage === "fed" && (c.layout.name === source || c.layout.name === name)));
  });
}

/** The entry that stands for a fed input, if it is the same tensor: it knows what range is healthy. */
export function entryOf(card: Card, cards: readonly Card[]): Card | undefined {
  if (card.layout.stage !== "fed") return undefined;
  return cards.find((c) => c.layout.stage === "entry" && c.layout.same_as_fed && (c.layout.sources.includes(card.layout.name) || c.layout.name === card.layout.name));
}

export function Inputs({ row }: { row: RunRow }) {
  const source = useInputs(row.id);
  const images = useImages(row.id)?.data.value?.images ?? [];
  const answer = source?.data.value;
  const cards = answer?.cards ?? [];
  const merged = mergedCards(cards);
  const quantities = useMemo(
    () => merged.filter((card) => card.views.length).slice(0, MOST_FANS).flatMap((card) => COLUMNS.map((column) => fanKey("train", column, card))),
    [JSON.stringify(merged.map((card) => [card.layout.role, card.layout.stage, card.layout.name, card.views.length > 0]))],
  );
  const fans = useSeries(row.id, quantities, 120, null)?.data.value?.["tensors:train"];
  if (source?.error.value) return <p class="problem" role="alert">{source.error.value}</p>;
  if (!answer) return <Skeleton lines={4} tall />;
  if (cards.length === 0) {
    return <Empty title="No input was seen"><p>Cards appear with the first sampled step of training.</p></Empty>;
  }
  const roles = [...new Set(merged.map((card) => card.layout.role))];
  return (
    <>
      {answer.samples_read < answer.samples_logged && (
        <p class="note" role="status">Read {int(answer.samples_read)} of {int(answer.samples_logged)} samples so far.</p>
      )}
      {roles.map((role) => (
        <Section key={role} title={TITLES[role] ?? role}>
          <div class="cards">
            {merged.filter((card) => card.layout.role === role).map((card) => (
              <InputCard
                key={`${card.layout.stage}:${card.layout.name}`} card={card} entry={entryOf(card, cards)} fans={fans}
                images={images.filter((set) => belongs(set, card))}
              />
            ))}
          </div>
        </Section>
      ))}
    </>
  );
}

function belongs(set: ImageSet, card: Card): boolean {
  return card.layout.role === "input" && set.stage === card.layout.stage && set.name === card.layout.name;
}
