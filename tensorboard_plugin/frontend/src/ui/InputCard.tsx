// One tensor: what it is, its range against what is healthy, its distribution and how that moved.

import { featureWord, SPLITS } from "../logic/inputs";
import { count, formatNumber, percent, shape, whole } from "../logic/numbers";
import type { Curves } from "../logic/series";
import { visible } from "../logic/text";
import type { InputCard as Card, FeatureStats, ImageSet, InputView } from "../types";
import { Ranges } from "./Evidence";
import { Balance, Fan, Features, Histograms, Thumbnails } from "./InputFigures";
import { LevelIcon } from "./icons";

const ROLES: Record<string, string> = {
  input: "Input",
  target: "Target",
  prediction: "Output of the model",
  sample_weight: "Sample weight",
};

interface Props {
  card: Card;
  entry: Card | undefined;
  fans: Curves | undefined;
  images: ImageSet[];
}

export function InputCard({ card, entry, fans, images }: Props) {
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
      {views.map((view) => (
        <Bad key={view.split} view={view} />
      ))}
      {views.length > 0 && <Healthy card={entry ?? card} views={views} />}
      {views.length > 0 && !layout.n_classes && <Histograms views={views} />}
      {views.map(
        (view) =>
          view.classes && (
            <Balance key={view.split} classes={view.classes} split={view.split} alone={views.length === 1} />
          ),
      )}
      <Fan card={card} curves={fans} />
      {train?.features && <Features features={train.features} word={featureWord(layout)} />}
      {images.map((set) => (
        <Thumbnails key={set.split} set={set} />
      ))}
      {views.length > 0 && <Numbers card={card} />}
    </article>
  );
}

function Bad({ view }: { view: InputView }) {
  if (view.nan_count + view.inf_count === 0) return null;
  return (
    <p class="bad-values level-error">
      <LevelIcon level="error" size={16} />
      <span>
        {count(view.nan_count, "NaN", "NaN")} and {count(view.inf_count, "infinity", "infinities")} in{" "}
        {SPLITS[view.split]?.toLowerCase()}, last at step {whole(view.bad_step ?? 0)}
        {view.bad_examples.length > 0 && <>, examples {view.bad_examples.join(", ")} of the batch</>}
      </span>
    </p>
  );
}

function Healthy({ card, views }: { card: Card; views: InputView[] }) {
  const usual =
    card.expected_low !== null && card.expected_high !== null
      ? { low: card.expected_low, high: card.expected_high }
      : null;
  const spans = views
    .filter((view) => view.min !== null && view.max !== null)
    .map((view) => ({
      kind: usual === null ? "" : far(view.min!, view.max!, usual) ? "bad" : "good",
      span: {
        label: SPLITS[view.split] ?? view.split,
        low: view.min!,
        high: view.max!,
        ...(view.mean !== null ? { mark: view.mean } : {}),
      },
    }));
  if (spans.length === 0) return null;
  const expected = usual ? [{ kind: "usual", span: { label: "Usual", ...usual } }] : [];
  return (
    <div class="healthy">
      <Ranges spans={[...spans, ...expected]} />
      {card.expected_why && <p class="note">{visible(card.expected_why)}</p>}
    </div>
  );
}

/** Well outside of the usual range: only the rules judge, but a reader should see where to look. */
function far(low: number, high: number, usual: { low: number; high: number }): boolean {
  const room = (usual.high - usual.low) * 1.5;
  return low < usual.low - room || high > usual.high + room;
}

const ROWS: readonly [string, (view: InputView) => string][] = [
  ["samples", (v) => whole(v.samples)],
  ["range ever", (v) => `${formatNumber(v.min)} … ${formatNumber(v.max)}`],
  ["range, newest", (v) => `${formatNumber(v.last_min)} … ${formatNumber(v.last_max)}`],
  ["mean ± std", (v) => `${formatNumber(v.mean)} ± ${formatNumber(v.std)}`],
  ["zeros", (v) => percent(v.zero_fraction ?? NaN)],
  ["whole numbers", (v) => percent(v.whole_fraction ?? NaN)],
  ["NaN / infinite", (v) => `${whole(v.nan_count)} / ${whole(v.inf_count)}`],
];

function Numbers({ card: { layout, views } }: { card: Card }) {
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
      {features && <FeatureTable features={features} word={featureWord(layout)} />}
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
            <td>
              {formatNumber(features.min[i])} … {formatNumber(features.max[i])}
            </td>
            <td>
              {formatNumber(features.mean[i])} ± {formatNumber(features.std[i])}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
