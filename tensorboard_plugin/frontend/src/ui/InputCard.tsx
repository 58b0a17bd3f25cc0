// One tensor: what it is, its range against what is healthy, its distribution and how that moved.
import type { ClassBalance, FeatureStats, ImageSet, InputCard as Card, InputView } from "../types";
import type { Curves } from "../logic/series";
import { histogram, topClasses } from "../logic/inputs";
import { count, fmt, int, percent, shape } from "../logic/numbers";
import { visible } from "../logic/text";
import { Ranges } from "./Evidence";
import { fanKey } from "./Inputs";
import { LevelIcon } from "./icons";

const SPLITS: Record<string, string> = { train: "Training", validation: "Validation", predict: "Prediction" };
const KINDS: Record<string, string> = { train: "split-train", validation: "split-validation", predict: "split-predict" };

interface Props {
  card: Card;
  entry: Card | undefined;
  fans: Curves | undefined;
  images: ImageSet[];
}

export function InputCard({ card, entry, fans, images }: Props) {
  const { layout, views } = card;
  const judged = entry ?? card;
  const train = views[0];
  return (
    <article class="card">
      <header>
        <h3>{visible(layout.name)}</h3>
        {layout.stage === "entry" && <p class="note">as the layer <code>{visible(layout.layer)}</code> ({layout.layer_class}) reads it</p>}
        <p class="card-words">{card.words}</p>
        <p class="card-types">
          <code>{layout.dtype}</code> <code>{shape(layout.shape)}</code>
          {train && train.shape.length > 0 && <span class="note">newest batch <code>{shape(train.shape)}</code></span>}
        </p>
      </header>
      {views.length === 0 && <p class="note">Not sampled yet.</p>}
      <Bad views={views} />
      {views.length > 0 && <Healthy card={judged} views={views} />}
      {views.length > 0 && !layout.n_classes && <Histograms views={views} />}
      {views.map((view) => view.classes && <Balance key={view.split} classes={view.classes} split={view.split} alone={views.length === 1} />)}
      <Fan card={card} curves={fans} />
      {train?.features && <Features features={train.features} />}
      {images.map((set) => <Thumbnails key={set.split} set={set} />)}
      {views.length > 0 && <Table views={views} />}
    </article>
  );
}

function Bad({ views }: { views: InputView[] }) {
  const bad = views.filter((view) => view.nan_count + view.inf_count > 0);
  return (
    <>
      {bad.map((view) => (
        <p class="bad-values level-error" key={view.split}>
          <LevelIcon level="error" size={16} />
          {count(view.nan_count, "NaN", "NaN")} and {count(view.inf_count, "infinity", "infinities")} in {SPLITS[view.split]?.toLowerCase()},
          last at step {int(view.bad_step ?? 0)}
          {view.bad_examples.length > 0 && <>, examples {view.bad_examples.join(", ")} of the batch</>}
        </p>
      ))}
    </>
  );
}

function Healthy({ card, views }: { card: Card; views: InputView[] }) {
  const spans = views
    .filter((view) => view.min !== null && view.max !== null)
    .map((view) => ({
      kind: card.expected_low === null || card.expected_high === null ? "" : far(view.min!, view.max!, card.expected_low, card.expected_high) ? "bad" : "good",
      span: { label: SPLITS[view.split] ?? view.split, low: view.min!, high: view.max!, ...(view.mean !== null ? { mark: view.mean } : {}) },
    }));
  if (spans.length === 0) return null;
  const known = card.expected_low !== null && card.expected_high !== null;
  const expected = known ? [{ kind: "good", span: { label: "Usual", low: card.expected_low!, high: card.expected_high! } }] : [];
  return (
    <div class="healthy">
      <Ranges spans={[...spans, ...expected]} />
      {card.expected_why && <p class="note">{card.expected_why}</p>}
    </div>
  );
}

/** Well outside of the usual range: only the rules judge, but a reader should see where to look. */
function far(low: number, high: number, expectedLow: number, expectedHigh: number): boolean {
  const room = (expectedHigh - expectedLow) * 1.5;
  return low < expectedLow - room || high > expectedHigh + room;
}

const BARS = 40;
const W = 320;
const H = 70;

function Histograms({ views }: { views: InputView[] }) {
  const known = views.filter((view) => view.quantiles.some((q) => q !== null));
  const ends = known.flatMap((view) => [...view.quantiles, ...view.first_quantiles]).filter((q): q is number => q !== null);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  if (!(high > low)) return ends.length ? <p class="note">All values are {fmt(low)}.</p> : null;
  const drawn = known.map((view) => ({ view, bars: histogram(view.quantiles, low, high, BARS) }));
  const first = histogram(known[0]!.first_quantiles, low, high, BARS);
  const top = Math.max(...drawn.flatMap((d) => d.bars), ...first) || 1;
  // One value that is most of all, like the black of a picture, would flatten everything else.
  const bent = top > 0.4;
  const y = (bar: number) => H - (bent ? Math.sqrt(bar / top) : bar / top) * (H - 4);
  const outline = (bars: number[]) => bars.map((bar, i) => `${i ? "L" : "M"}${(i / BARS) * W} ${y(bar)}L${((i + 1) / BARS) * W} ${y(bar)}`).join("");
  return (
    <figure class="histogram">
      <figcaption>
        <span>Distribution{bent && <span class="note">, square root of the height</span>}</span>
        <span class="key">
          {known.map((view) => <span key={view.split}><i class={KINDS[view.split] ?? ""} />{SPLITS[view.split]}</span>)}
          {known[0]!.samples > 1 && <span><i class="key-first" />first batch</span>}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`Distribution of the values from ${fmt(low)} to ${fmt(high)}`}>
        {drawn.map(({ view, bars }) => (
          <path key={view.split} class={`hist ${KINDS[view.split] ?? ""}`} d={`${outline(bars)}L${W} ${H}L0 ${H}Z`} />
        ))}
        {known[0]!.samples > 1 && <path class="hist-first" d={outline(first)} />}
      </svg>
      <div class="spark-axis"><span>{fmt(low, 3)}</span><span>{fmt(high, 3)}</span></div>
    </figure>
  );
}

const MOST_CLASSES = 24;

function Balance({ classes, split, alone }: { classes: ClassBalance; split: string; alone: boolean }) {
  const total = classes.counts.reduce((sum, n) => sum + n, 0) || 1;
  const { ids, rest } = topClasses(classes.counts, MOST_CLASSES);
  const top = Math.max(...classes.counts, 1);
  return (
    <figure class="balance">
      <figcaption>Classes{alone ? "" : `, ${SPLITS[split]?.toLowerCase()}`} <span class="note">share of {int(total)} values seen</span></figcaption>
      <ul style={{ gridTemplateColumns: `repeat(${ids.length}, minmax(0, 1fr))` }}>
        {ids.map((id) => {
          const share = (classes.counts[id] ?? 0) / total;
          return (
            <li key={id} title={`Class ${id}: ${percent(share)}, ${int(classes.counts[id] ?? 0)} times`}>
              <span class="bar" style={{ height: `${((classes.counts[id] ?? 0) / top) * 48}px` }} />
              <span class="bar-name">{id}</span>
            </li>
          );
        })}
      </ul>
      {rest > 0 && <p class="note">The {MOST_CLASSES} most frequent; {count(rest, "more class", "more classes")} were seen.</p>}
    </figure>
  );
}

function Fan({ card, curves }: { card: Card; curves: Curves | undefined }) {
  if (!curves || curves.step.length < 2) return null;
  const read = (column: string) => curves.values[fanKey("train", column, card)];
  const [min, q05, q25, q50, q75, q95, max] = ["min", "q05", "q25", "q50", "q75", "q95", "max"].map(read);
  if (!min || !max || !q05 || !q25 || !q50 || !q75 || !q95) return null;
  const known = [...min.min, ...max.max].filter((v): v is number => v !== null);
  if (known.length === 0) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const span = high - low || 1;
  const first = curves.step[0]!;
  const steps = curves.step[curves.step.length - 1]! - first || 1;
  const x = (i: number) => (((curves.step[i]! - first) / steps) * W).toFixed(1);
  const y = (v: number) => (H - 2 - ((v - low) / span) * (H - 4)).toFixed(1);
  const area = (top: (number | null)[], bottom: (number | null)[]) => {
    const at = curves.step.map((_, i) => i).filter((i) => top[i] !== null && bottom[i] !== null);
    if (at.length < 2) return "";
    return `M${at.map((i) => `${x(i)} ${y(top[i]!)}`).join("L")}L${at.reverse().map((i) => `${x(i)} ${y(bottom[i]!)}`).join("L")}Z`;
  };
  const middle = curves.step.map((_, i) => (q50.mean[i] === null ? "" : `${i ? "L" : "M"}${x(i)} ${y(q50.mean[i]!)}`)).join("");
  return (
    <figure class="fan">
      <figcaption>Over time <span class="note">median, middle half, 5–95 %, all</span></figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`Distribution over steps ${first} to ${first + steps}`}>
        <path class="fan-3" d={area(max.max, min.min)} />
        <path class="fan-2" d={area(q95.mean, q05.mean)} />
        <path class="fan-1" d={area(q75.mean, q25.mean)} />
        <path class="fan-0" d={middle.replace(/^L/, "M")} />
      </svg>
      <div class="spark-axis"><span>step {int(first)}</span><span>{int(first + steps)}</span></div>
    </figure>
  );
}

function Features({ features }: { features: FeatureStats }) {
  const ends = [...features.min, ...features.max].filter((v): v is number => v !== null);
  if (ends.length === 0) return null;
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const span = high - low || 1;
  const n = features.index.length;
  const place = (v: number) => H - 2 - ((v - low) / span) * (H - 4);
  const width = W / n;
  const name = n <= 4 && features.total <= 4 ? "Channels" : "Features";
  return (
    <figure class="features">
      <figcaption>
        {name} <span class="note">range, mean ± std{n < features.total ? `; ${n} of ${int(features.total)} shown` : ""}</span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`${name}: ranges between ${fmt(low)} and ${fmt(high)}`}>
        {features.index.map((index, i) => {
          const [a, b, mean, std] = [features.min[i] ?? null, features.max[i] ?? null, features.mean[i] ?? null, features.std[i] ?? null];
          if (a === null || b === null) return null;
          const centre = (i + 0.5) * width;
          const half = Math.min(width * 0.36, 9);
          return (
            <g key={index}>
              <title>{`${index}: ${fmt(a)} … ${fmt(b)}, mean ${fmt(mean ?? NaN)}, std ${fmt(std ?? NaN)}`}</title>
              <rect class="feature-range" x={centre - half / 3} width={(half * 2) / 3} y={place(b)} height={Math.max(place(a) - place(b), 1)} />
              {mean !== null && std !== null && (
                <rect class="feature-std" x={centre - half} width={half * 2} y={place(Math.min(mean + std, b))} height={Math.max(place(Math.max(mean - std, a)) - place(Math.min(mean + std, b)), 1.5)} />
              )}
            </g>
          );
        })}
      </svg>
      <div class="spark-axis"><span>{features.index[0]}</span><span>{fmt(low, 3)} … {fmt(high, 3)}</span><span>{features.index[n - 1]}</span></div>
    </figure>
  );
}

function Thumbnails({ set }: { set: ImageSet }) {
  return (
    <figure class="thumbs">
      <figcaption>As the model gets them{set.split === "train" ? "" : `, ${set.split}`} <span class="note">step {int(set.step)}; black is {fmt(set.low, 3)}, white {fmt(set.high, 3)}</span></figcaption>
      <ul>
        {set.png.map((png, i) => (
          <li key={i}>
            <img src={`data:image/png;base64,${png}`} width={set.width} height={set.height} alt={`Example ${i}${set.labels[i] ? `, labelled ${set.labels[i]}` : ""}`} />
            {set.labels[i] && <span>{visible(set.labels[i]!)}</span>}
          </li>
        ))}
      </ul>
    </figure>
  );
}

const ROWS: readonly [string, (view: InputView) => string][] = [
  ["samples", (v) => int(v.samples)],
  ["range ever", (v) => `${fmt(v.min)} … ${fmt(v.max)}`],
  ["range, newest", (v) => `${fmt(v.last_min)} … ${fmt(v.last_max)}`],
  ["mean ± std", (v) => `${fmt(v.mean)} ± ${fmt(v.std)}`],
  ["zeros", (v) => percent(v.zero_fraction ?? NaN)],
  ["whole numbers", (v) => percent(v.whole_fraction ?? NaN)],
  ["NaN / infinite", (v) => `${int(v.nan_count)} / ${int(v.inf_count)}`],
];

function Table({ views }: { views: InputView[] }) {
  return (
    <details class="numbers">
      <summary>All numbers</summary>
      <table class="plain">
        <thead><tr><td />{views.map((view) => <th key={view.split} scope="col">{SPLITS[view.split]}</th>)}</tr></thead>
        <tbody>
          {ROWS.map(([name, read]) => (
            <tr key={name}><th scope="row">{name}</th>{views.map((view) => <td key={view.split}>{read(view)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
