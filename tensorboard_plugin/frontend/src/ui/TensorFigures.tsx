// The figures of an input card: distribution now and over time, classes, features, thumbnails.

import { histogram, SPLITS, tensorQuantity, topClasses } from "../logic/inputs";
import { count, formatNumber, percent, whole } from "../logic/numbers";
import { scaleOf } from "../logic/pictures";
import type { SeriesData } from "../logic/series";
import { seriesKey } from "../logic/seriesKey";
import { visible } from "../logic/text";
import type { InputCard as Card, ClassBalance, FeatureStats, ImageSet, InputView } from "../types";

const KINDS: Record<string, string> = {
  train: "split-train",
  validation: "split-validation",
  predict: "split-predict",
};
const BARS = 40;
const W = 320;
const H = 70;
const COMPRESSED = "scale compressed";

export function Histograms({ views }: { views: InputView[] }) {
  const known = views.filter((view) => view.quantiles.some((q) => q !== null));
  const ends = known
    .flatMap((view) => [...view.quantiles, ...view.first_quantiles])
    .filter((q): q is number => q !== null);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  if (!(high > low)) return ends.length ? <p class="note">All values are {formatNumber(low)}.</p> : null;
  const drawn = known.map((view) => ({ view, bars: histogram(view.quantiles, low, high, BARS) }));
  const first = histogram(known[0]!.first_quantiles, low, high, BARS);
  const top = Math.max(...drawn.flatMap((d) => d.bars), ...first) || 1;
  // A single frequent value, such as black in images, would flatten everything else.
  const bent = top > 0.4;
  const y = (bar: number) => H - (bent ? Math.sqrt(bar / top) : bar / top) * (H - 4);
  const outline = (bars: number[]) =>
    bars.map((bar, i) => `${i ? "L" : "M"}${(i / BARS) * W} ${y(bar)}L${((i + 1) / BARS) * W} ${y(bar)}`).join("");
  return (
    <figure class="histogram">
      <figcaption>
        <span>Distribution{bent && <span class="note">, square root of the height</span>}</span>
        <span class="key">
          {known.map((view) => (
            <span key={view.split}>
              <i class={KINDS[view.split] ?? ""} />
              {SPLITS[view.split]}
            </span>
          ))}
          {known[0]!.samples > 1 && (
            <span>
              <i class="key-first" />
              first batch
            </span>
          )}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Distribution of the values from ${formatNumber(low)} to ${formatNumber(high)}`}
      >
        {drawn.map(({ view, bars }) => (
          <path key={view.split} class={`hist ${KINDS[view.split] ?? ""}`} d={`${outline(bars)}L${W} ${H}L0 ${H}Z`} />
        ))}
        {known[0]!.samples > 1 && <path class="hist-first" d={outline(first)} />}
      </svg>
      <div class="spark-axis">
        <span>{formatNumber(low, 3)}</span>
        <span>{formatNumber(high, 3)}</span>
      </div>
    </figure>
  );
}

const MOST_CLASSES = 24;

export function Balance({ classes, split, alone }: { classes: ClassBalance; split: string; alone: boolean }) {
  const total = classes.counts.reduce((sum, n) => sum + n, 0) || 1;
  const { ids, rest } = topClasses(classes.counts, MOST_CLASSES);
  const top = Math.max(...classes.counts, 1);
  const shares = classes.counts.map((n) => n / total).filter((share) => share > 0);
  return (
    <figure class="balance">
      <figcaption>
        Classes{alone ? "" : `, ${SPLITS[split]?.toLowerCase()}`}{" "}
        <span class="note">
          {percent(Math.min(...shares))} … {percent(Math.max(...shares))} of {whole(total)} values seen
        </span>
      </figcaption>
      <ul style={{ gridTemplateColumns: `repeat(${ids.length}, minmax(0, 1fr))` }}>
        {ids.map((id) => {
          const share = (classes.counts[id] ?? 0) / total;
          return (
            <li key={id} title={`Class ${id}: ${percent(share)}, ${whole(classes.counts[id] ?? 0)} times`}>
              <span class="bar" style={{ height: `${((classes.counts[id] ?? 0) / top) * 48}px` }} />
              <span class="bar-name">{id}</span>
            </li>
          );
        })}
      </ul>
      {rest > 0 && (
        <p class="note">
          The {MOST_CLASSES} most frequent; {count(rest, "more class", "more classes")} were seen.
        </p>
      )}
    </figure>
  );
}

/** Columns of the figure over time. */
export const FAN_COLUMNS = ["min", "q05", "q25", "q50", "q75", "q95", "max"] as const;

export function Fan({ card, curves }: { card: Card; curves: SeriesData | undefined }) {
  if (!curves || curves.step.length < 2) return null;
  const read = (column: string) => curves.values[seriesKey(tensorQuantity(column, card))];
  const [min, q05, q25, q50, q75, q95, max] = FAN_COLUMNS.map(read);
  if (!min || !max || !q05 || !q25 || !q50 || !q75 || !q95) return null;
  const middleHalf = valueExtent([...q25.mean, ...q75.mean]);
  const all = valueExtent([...min.min, ...max.max]);
  if (!all || !middleHalf) return null;
  const { place, bent } = scaleOf([all, middleHalf]);
  const first = curves.step[0]!;
  const steps = curves.step[curves.step.length - 1]! - first || 1;
  const x = (i: number) => (((curves.step[i]! - first) / steps) * W).toFixed(1);
  const y = (v: number) => (H - 2 - (place(v) / 100) * (H - 4)).toFixed(1);
  const area = (top: (number | null)[], bottom: (number | null)[]) => {
    const at = curves.step.map((_, i) => i).filter((i) => top[i] !== null && bottom[i] !== null);
    if (at.length < 2) return "";
    return `M${at.map((i) => `${x(i)} ${y(top[i]!)}`).join("L")}L${at
      .reverse()
      .map((i) => `${x(i)} ${y(bottom[i]!)}`)
      .join("L")}Z`;
  };
  const middle = curves.step
    .map((_, i) => (q50.mean[i] === null ? "" : `${i ? "L" : "M"}${x(i)} ${y(q50.mean[i]!)}`))
    .join("");
  return (
    <figure class="fan">
      <figcaption>
        <span>Over time{bent && <span class="note">, {COMPRESSED}</span>}</span>
        <span class="note">
          {formatNumber(all.low, 3)} … {formatNumber(all.high, 3)}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Distribution over steps ${first} to ${first + steps}, between ${formatNumber(all.low)} and ${formatNumber(all.high)}`}
      >
        <path class="fan-3" d={area(max.max, min.min)} />
        <path class="fan-2" d={area(q95.mean, q05.mean)} />
        <path class="fan-1" d={area(q75.mean, q25.mean)} />
        <path class="fan-0" d={middle.replace(/^L/, "M")} />
      </svg>
      <div class="spark-axis">
        <span>step {whole(first)}</span>
        <span>line: median; shades: half, 90 %, all</span>
        <span>{whole(first + steps)}</span>
      </div>
    </figure>
  );
}

function valueExtent(values: readonly (number | null)[]): { low: number; high: number } | null {
  const known = values.filter((v): v is number => v !== null);
  return known.length ? { low: Math.min(...known), high: Math.max(...known) } : null;
}

export function Features({ features, word }: { features: FeatureStats; word: string }) {
  const spans = features.min
    .map((low, i) => ({ low: low ?? NaN, high: features.max[i] ?? NaN }))
    .filter((span) => span.low <= span.high);
  if (spans.length === 0) return null;
  const { place, bent, low, high } = scaleOf(spans);
  const n = features.index.length;
  const y = (v: number) => H - 2 - (place(v) / 100) * (H - 4);
  const width = W / n;
  const notes = [
    "range, mean ± std",
    bent && COMPRESSED,
    n < features.total && `${n} of ${whole(features.total)} shown`,
  ].filter(Boolean);
  return (
    <figure class="features">
      <figcaption>
        {word}s <span class="note">{notes.join("; ")}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${word}s: ranges between ${formatNumber(low)} and ${formatNumber(high)}`}
      >
        {low < 0 && high > 0 && <line class="feature-zero" x1="0" x2={W} y1={y(0)} y2={y(0)} />}
        {features.index.map((index, i) => {
          const [a, b, mean, std] = [
            features.min[i] ?? null,
            features.max[i] ?? null,
            features.mean[i] ?? null,
            features.std[i] ?? null,
          ];
          if (a === null || b === null) return null;
          const centre = (i + 0.5) * width;
          const half = Math.min(width * 0.36, 9);
          return (
            <g key={index}>
              <title>{`${word} ${index}: ${formatNumber(a)} … ${formatNumber(b)}, mean ${formatNumber(mean)}, std ${formatNumber(std)}`}</title>
              <rect
                class="feature-range"
                x={centre - half / 3}
                width={(half * 2) / 3}
                y={y(b)}
                height={Math.max(y(a) - y(b), 1)}
              />
              {mean !== null && std !== null && (
                <rect
                  class="feature-std"
                  x={centre - half}
                  width={half * 2}
                  y={y(Math.min(mean + std, b))}
                  height={Math.max(y(Math.max(mean - std, a)) - y(Math.min(mean + std, b)), 1.5)}
                />
              )}
            </g>
          );
        })}
      </svg>
      <div class="spark-axis">
        <span>{features.index[0]}</span>
        <span>
          {formatNumber(low, 3)} … {formatNumber(high, 3)}
        </span>
        <span>{features.index[n - 1]}</span>
      </div>
    </figure>
  );
}

export function Thumbnails({ set }: { set: ImageSet }) {
  return (
    <figure class="thumbs">
      <figcaption>
        As the model receives them{set.split === "train" ? "" : `, ${set.split}`}{" "}
        <span class="note">
          step {whole(set.step)}; black is {formatNumber(set.low, 3)}, white {formatNumber(set.high, 3)}
        </span>
      </figcaption>
      <ul>
        {set.png.map((png, i) => (
          <li key={i}>
            <img
              src={`data:image/png;base64,${png}`}
              width={set.width}
              height={set.height}
              alt={`Example ${i}${set.labels[i] ? `, labelled ${visible(set.labels[i]!)}` : ""}`}
            />
            {set.labels[i] && <span>{visible(set.labels[i]!)}</span>}
          </li>
        ))}
      </ul>
    </figure>
  );
}
