// A card for each input, target, output and sample weight.
import { useMemo } from "preact/hooks";
import { tensorQuantity } from "../logic/inputs";
import { whole } from "../logic/numbers";
import { seriesKey } from "../logic/seriesKey";
import { useImages, useInputs, useSeries } from "../state/feeds";
import type { ImageSet, InputCard, RunRow } from "../types";
import { Empty, Skeleton } from "./common";
import { TensorCard } from "./TensorCard";
import { FAN_COLUMNS } from "./TensorFigures";

/** The route accepts 64 quantities at once. */
const MOST_FANS = 8;

export function Inputs({ row }: { row: RunRow }) {
  const feed = useInputs(row.id);
  const images = useImages(row.id)?.data.value?.images ?? [];
  const answer = feed?.data.value;
  const cards = answer?.cards ?? [];
  const sampled = cards.filter((card) => card.views.length > 0).slice(0, MOST_FANS);
  const key = JSON.stringify(
    sampled.flatMap((card) => FAN_COLUMNS.map((name) => seriesKey(tensorQuantity(name, card)))),
  );
  const quantities = useMemo<string[]>(() => JSON.parse(key), [key]);
  const fans = useSeries(row.id, quantities, 120, null)?.data.value?.["tensors:train"];
  if (feed?.error.value) {
    return (
      <p class="problem" role="alert">
        {feed.error.value}
      </p>
    );
  }
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
        {cards.map((card) => (
          <TensorCard
            key={`${card.layout.role}:${card.layout.stage}:${card.layout.name}`}
            card={card}
            fans={fans}
            images={images.filter((set) => belongs(set, card))}
          />
        ))}
      </div>
    </>
  );
}

function belongs(set: ImageSet, { layout }: InputCard): boolean {
  return layout.role === "input" && set.stage === layout.stage && set.name === layout.name;
}
