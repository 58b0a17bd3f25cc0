// A card for each input, target, output and sample weight.
import { useMemo } from "preact/hooks";
import { entryOf, fanKey, mergedCards } from "../logic/inputs";
import { whole } from "../logic/numbers";
import { useImages, useInputs, useSeries } from "../state/sources";
import type { InputCard as Card, ImageSet, RunRow } from "../types";
import { Empty, Skeleton } from "./common";
import { InputCard } from "./InputCard";

const COLUMNS = ["min", "q05", "q25", "q50", "q75", "q95", "max"] as const;
/** The route takes 64 quantities at once. */
const MOST_FANS = 8;

export function Inputs({ row }: { row: RunRow }) {
  const source = useInputs(row.id);
  const images = useImages(row.id)?.data.value?.images ?? [];
  const answer = source?.data.value;
  const cards = answer?.cards ?? [];
  const merged = mergedCards(cards);
  const quantities = useMemo(
    () =>
      merged
        .filter((card) => card.views.length)
        .slice(0, MOST_FANS)
        .flatMap((card) => COLUMNS.map((column) => fanKey("train", column, card))),
    [
      JSON.stringify(
        merged.map((card) => [card.layout.role, card.layout.stage, card.layout.name, card.views.length > 0]),
      ),
    ],
  );
  const fans = useSeries(row.id, quantities, 120, null)?.data.value?.["tensors:train"];
  if (source?.error.value)
    return (
      <p class="problem" role="alert">
        {source.error.value}
      </p>
    );
  if (!answer) return <Skeleton lines={4} tall />;
  if (cards.length === 0) {
    return (
      <Empty title="No input was seen">
        <p>Cards appear with the first sampled step of training.</p>
      </Empty>
    );
  }
  return (
    <>
      {answer.samples_read < answer.samples_logged && (
        <p class="note" role="status">
          Read {whole(answer.samples_read)} of {whole(answer.samples_logged)} samples so far.
        </p>
      )}
      <div class="cards">
        {merged.map((card) => (
          <InputCard
            key={`${card.layout.role}:${card.layout.stage}:${card.layout.name}`}
            card={card}
            entry={entryOf(card, cards)}
            fans={fans}
            images={images.filter((set) => belongs(set, card))}
          />
        ))}
      </div>
    </>
  );
}

function belongs(set: ImageSet, card: Card): boolean {
  return card.layout.role === "input" && set.stage === card.layout.stage && set.name === card.layout.name;
}
