// What was seen against what was expected: draws each kind of picture that rules log.
import { formatNumber, interval, num, times } from "../logic/numbers";
import {
  type AlignedAxes,
  alignShapes,
  extremeSizes,
  limitPlaces,
  limitText,
  scaleOf,
  sizeHeights,
} from "../logic/pictures";
import { visible } from "../logic/text";
import type {
  ExpectedRange,
  LimitPicture,
  Picture,
  RangePicture,
  ShapesPicture,
  SizesPicture,
  Span,
  WordsPicture,
} from "../types";

export function Evidence({ picture }: { picture: Picture }) {
  switch (picture.kind) {
    case "range":
      return <SeenAndExpected {...picture} />;
    case "limit":
      return <Limit {...picture} />;
    case "shapes":
      return <Shapes {...picture} />;
    case "words":
      return <Words {...picture} />;
    case "sizes":
      return <Sizes {...picture} />;
  }
}

/** Colour of a range: seen by an alert, seen by no alert, expected. */
export type RangeTone = "bad" | "seen" | "expected";

export interface TonedSpan {
  span: Span;
  tone: RangeTone;
  /** Text beside the bar; by default both ends. */
  text?: string;
}

/** Returns the bar of an expected range. A side without a limit reaches as far as what was seen. */
export function expectedSpan({ low, high }: ExpectedRange, seen: readonly [number, number]): TonedSpan | null {
  if (low === null && high === null) return null;
  const ends = { low: low ?? Math.min(seen[0], num(high)), high: high ?? Math.max(seen[1], num(low)) };
  const text =
    low === null ? `at most ${formatNumber(high)}` : high === null ? `at least ${formatNumber(low)}` : undefined;
  return {
    span: { label: "Expected", mark: null, ...ends },
    tone: "expected",
    ...(text === undefined ? {} : { text }),
  };
}

function SeenAndExpected({ seen, expected }: RangePicture) {
  const spans = seen.map((span): TonedSpan => ({ span, tone: "bad" }));
  return <Ranges spans={[...spans, { span: expected, tone: "expected" }]} />;
}

export function Ranges({ spans }: { spans: readonly TonedSpan[] }) {
  const scale = scaleOf(spans.map((item) => item.span));
  const texts = spans.map(({ span, text }) => text ?? interval(span.low, span.high));
  const label = spans.map(({ span }, i) => `${visible(span.label)}: ${texts[i]}`).join("; ");
  return (
    <div class="ranges" role="img" aria-label={label}>
      {spans.map(({ span, tone }, i) => {
        const left = scale.place(num(span.low));
        const width = Math.max(scale.place(num(span.high)) - left, 0.8);
        return (
          <div class="range" key={`${span.label} ${i}`}>
            <div class="range-text">
              <span>{visible(span.label)}</span>
              <span>
                <b>{texts[i]}</b>
                {span.mark !== null && <span class="note">, mean {formatNumber(span.mark, 3)}</span>}
              </span>
            </div>
            <div class="range-track">
              <span class={`range-bar ${tone}`} style={{ left: `${Math.min(left, 99.2)}%`, width: `${width}%` }} />
              {span.mark !== null && <span class="range-mark" style={{ left: `${scale.place(num(span.mark))}%` }} />}
            </div>
          </div>
        );
      })}
      {scale.bent && <p class="note">The scale is compressed, so that every range is visible.</p>}
    </div>
  );
}

function Limit(picture: LimitPicture) {
  const { label, value, limit, bound, unit } = picture;
  const places = limitPlaces(picture);
  const expected = `${bound} ${limitText(limit, unit)}`;
  return (
    <div class="ranges" role="img" aria-label={`${visible(label)}: ${limitText(value, unit)}; expected ${expected}`}>
      <div class="range">
        <div class="range-text">
          <span class="cap">{visible(label)}</span>
          <b>{limitText(value, unit)}</b>
        </div>
        <div class="range-track">
          <span class="range-bar bad" style={{ left: "0%", width: `${Math.max(places.value, 0.8)}%` }} />
          <span class="range-limit" style={{ left: `${places.limit}%` }} />
        </div>
        <p class="note">
          Expected {expected}
          {places.log ? "; logarithmic scale" : ""}
        </p>
      </div>
    </div>
  );
}

function Words({ seen, expected, seen_label, expected_label }: WordsPicture) {
  return (
    <dl class="types">
      <div>
        <dt class="cap">{visible(seen_label)}</dt>
        <dd class="bad">{visible(seen)}</dd>
      </div>
      <div>
        <dt class="cap">{visible(expected_label)}</dt>
        <dd class="good">{visible(expected)}</dd>
      </div>
    </dl>
  );
}

const SIZES_HEIGHT = 64;

function Sizes(picture: SizesPicture) {
  const { label, names, sizes, marked, largest_ratio } = picture;
  const { heights, log } = sizeHeights(picture);
  const [largest, smallest] = extremeSizes(picture);
  const name = (place: number) => `${visible(names[place] ?? "–")}: ${formatNumber(sizes[place] ?? null, 3)}`;
  const ratio = num(sizes[largest]) / num(sizes[smallest]);
  return (
    <figure class="sizes">
      <figcaption>
        <span class="cap">{visible(label)}</span>
        {log && <span class="note">logarithmic</span>}
      </figcaption>
      <svg
        viewBox={`0 0 ${sizes.length} ${SIZES_HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${visible(label)}; largest ${name(largest)}; smallest ${name(smallest)}`}
      >
        {heights.map((height, place) => (
          <rect
            key={place}
            class={marked.includes(place) ? "size bad" : "size"}
            x={place + 0.12}
            width="0.76"
            y={SIZES_HEIGHT * (1 - height)}
            height={SIZES_HEIGHT * height}
          >
            <title>{name(place)}</title>
          </rect>
        ))}
      </svg>
      <div class="spark-axis">
        <span>largest, {name(largest)}</span>
        <span>smallest, {name(smallest)}</span>
      </div>
      {largest_ratio !== null && (
        <p class="note">
          {Number.isFinite(ratio) && `The largest is ${times(ratio)} times the smallest. `}
          Expected at most {times(largest_ratio)} times.
        </p>
      )}
    </figure>
  );
}

function Shapes({ seen, expected, seen_label, expected_label }: ShapesPicture) {
  const [came, wanted] = alignShapes(seen, expected);
  return (
    <table class="shapes">
      <tbody>
        <ShapeRow label={seen_label} axes={came} other={wanted} tone="bad" />
        <ShapeRow label={expected_label} axes={wanted} other={came} tone="good" />
      </tbody>
    </table>
  );
}

interface ShapeProps {
  label: string;
  axes: AlignedAxes;
  other: AlignedAxes;
  /** Colour of the axes that differ. */
  tone: "bad" | "good";
}

function ShapeRow({ label, axes, other, tone }: ShapeProps) {
  return (
    <tr>
      <th scope="row" class="cap">
        {visible(label)}
      </th>
      {axes.map((here, i) => {
        if (here === undefined) {
          return (
            <td key={i} class="axis none" aria-label="no axis">
              –
            </td>
          );
        }
        const there = other[i];
        const differs = there === undefined || (here !== there && here !== null && there !== null);
        return (
          <td key={i} class={`axis ${differs ? tone : ""}`}>
            {here === null ? "any" : here}
          </td>
        );
      })}
    </tr>
  );
}
