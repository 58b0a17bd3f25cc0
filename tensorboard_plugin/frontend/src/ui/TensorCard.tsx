// One tensor: what it is, its range and the ranges that rules expect, its distribution and how that moved.
import { SPLITS } from "../logic/inputs";
import { count, formatNumber, interval, percent, shape, whole } from "../logic/numbers";
import type { SeriesData } from "../logic/series";
import { visible } from "../logic/text";
import type { FeatureStats, ImageSet, InputAlert, InputCard, InputView } from "../types";
import { expectedSpan, Ranges, type TonedSpan } from "./Evidence";
import { LevelIcon } from "./icons";
import { RuleLink } from "./RuleLink";
import { Balance, Fan, Features, Histograms, Thumbnails } from "./TensorFigures";

const ROLES: Record<string, string> = {
  input: "Input",
  target: "Target",
  prediction: "Output of the model",
  sample_weight: "Sample weight",
};

interface Props {
  card: InputCard;
  fans: SeriesData | undefined;
  images: ImageSet[];
}

export function TensorCard({ card, fans, images }: Props) {
  const { layout, views } = card;
  const train = views[0];
  return (
    <article class="card" aria-label={`${ROLES[layout.role] ?? layout.role} ${visible(layout.name)}`}>
      <header>
        <p class="card-role">{ROLES[layout.role] ?? layout.role}</p>
        <h3>{visible(layout.name)}</h3>
        {layout.stage === "entry" && (
          <p class="note">
            as the layer <code>{visible(layout.layer)}</code> ({visible(layout.layer_class)}) reads it
          </p>
        )}
        <p class="card-words">{card.words}</p>
        <p class="card-types">
          <code>{layout.dtype}</code> <code>{shape(layout.shape)}</code>
          {train && train.shape.length > 0 && (
            <span class="note">
              newest batch <code>{shape(train.shape)}</code>
            </span>
          )}
        </p>
      </header>
      {views.length === 0 && <p class="note">Not sampled yet.</p>}
      {card.alerts.map((alert) => (
        <CardAlert key={alert.id} alert={alert} />
      ))}
      {views.map((view) => (
        <NotFinite key={view.split} view={view} />
      ))}
      <SeenRanges card={card} views={views} />
      {views.length > 0 && !layout.n_classes && <Histograms views={views} />}
      {views.map(
        (view) =>
          view.classes && (
            <Balance key={view.split} classes={view.classes} split={view.split} alone={views.length === 1} />
          ),
      )}
      <Fan card={card} curves={fans} />
      {train?.features && <Features features={train.features} word={card.feature_word} />}
      {images.map((set) => (
        <Thumbnails key={set.split} set={set} />
      ))}
      {views.length > 0 && <Numbers card={card} />}
    </article>
  );
}

/** Only standing alerts mark a card. */
function CardAlert({ alert }: { alert: InputAlert }) {
  return (
    <p class={`card-alert level-${alert.severity}`}>
      <LevelIcon level={alert.severity} size={16} />
      <span>
        {visible(alert.message)} <RuleLink rule={alert.rule} />
      </span>
    </p>
  );
}

function NotFinite({ view }: { view: InputView }) {
  if (view.nan_count + view.inf_count === 0) return null;
  return (
    <p class="note">
      {count(view.nan_count, "NaN", "NaN")} and {count(view.inf_count, "infinity", "infinities")} in{" "}
      {SPLITS[view.split]?.toLowerCase()}, last at step {whole(view.bad_step ?? 0)}
      {view.bad_examples.length > 0 && <>, in examples {view.bad_examples.join(", ")} of the batch</>}
    </p>
  );
}

/** The range that was seen in each split, above the ranges that rules judged it by. */
function SeenRanges({ card, views }: { card: InputCard; views: InputView[] }) {
  const seen = views.filter((view) => view.min !== null && view.max !== null);
  if (seen.length === 0) return null;
  const ends = seen.flatMap((view) => [view.min!, view.max!]);
  const all: [number, number] = [Math.min(...ends), Math.max(...ends)];
  const marked = (split: string) => card.alerts.some((alert) => alert.split === split);
  const spans = seen.map((view): TonedSpan => {
    const label = SPLITS[view.split] ?? view.split;
    return {
      span: { label, low: view.min!, high: view.max!, mark: view.mean },
      tone: marked(view.split) ? "bad" : "seen",
    };
  });
  const expected = card.expected.map((range) => expectedSpan(range, all)).filter((span) => span !== null);
  return (
    <div class="seen-ranges">
      <Ranges spans={[...spans, ...expected]} />
      {card.expected.map((range) => (
        <p class="note" key={range.rule + range.stage}>
          {visible(range.reason)} <RuleLink rule={range.rule} />
        </p>
      ))}
    </div>
  );
}

const ROWS: readonly [string, (view: InputView) => string][] = [
  ["samples", (v) => whole(v.samples)],
  ["range ever", (v) => interval(v.min, v.max)],
  ["range, newest", (v) => interval(v.last_min, v.last_max)],
  ["mean ± std", (v) => `${formatNumber(v.mean)} ± ${formatNumber(v.std)}`],
  ["zeros", (v) => percent(v.zero_fraction)],
  ["whole numbers", (v) => percent(v.whole_fraction)],
  ["NaN / infinite", (v) => `${whole(v.nan_count)} / ${whole(v.inf_count)}`],
];

function Numbers({ card: { feature_word, views } }: { card: InputCard }) {
  const features = views[0]?.features;
  return (
    <details class="numbers">
      <summary>All numbers</summary>
      <table class="plain">
        <thead>
          <tr>
            <td />
            {views.map((view) => (
              <th key={view.split} scope="col">
                {SPLITS[view.split]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([name, read]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {views.map((view) => (
                <td key={view.split}>{read(view)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {features && <FeatureTable features={features} word={feature_word} />}
    </details>
  );
}

function FeatureTable({ features, word }: { features: FeatureStats; word: string }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          {[word, "range", "mean ± std"].map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {features.index.map((index, i) => (
          <tr key={index}>
            <th scope="row">{index}</th>
            <td>{interval(features.min[i] ?? null, features.max[i] ?? null)}</td>
            <td>
              {formatNumber(features.mean[i])} ± {formatNumber(features.std[i])}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
