// Evidence, drawn: the range against what is expected, shapes side by side, a value against its limit.
import { type Axes, alignShapes, type Drawing, drawingOf, type Span, scaleOf, words } from "../logic/evidence";
import { formatNumber } from "../logic/numbers";
import type { Alert } from "../types";

export function Evidence({ alert }: { alert: Alert }) {
  const drawing = drawingOf(alert);
  switch (drawing.kind) {
    case "range":
      return (
        <Ranges
          spans={[...drawing.seen.map((span) => ({ span, kind: "bad" })), { span: drawing.expected, kind: "good" }]}
        />
      );
    case "limit":
      return <Limit {...drawing} />;
    case "shapes":
      return <Shapes {...drawing} />;
    case "types":
      return (
        <dl class="types">
          <div>
            <dt>came</dt>
            <dd class="bad">{drawing.got}</dd>
          </div>
          <div>
            <dt>expected</dt>
            <dd class="good">{drawing.expected}</dd>
          </div>
        </dl>
      );
    case "sizes":
      return <Sizes {...drawing} />;
    default:
      return null;
  }
}

export function Ranges({ spans }: { spans: readonly { span: Span; kind: string }[] }) {
  const scale = scaleOf(spans.map((s) => s.span));
  return (
    <div
      class="ranges"
      role="img"
      aria-label={spans
        .map(({ span }) => `${span.label}: ${formatNumber(span.low)} to ${formatNumber(span.high)}`)
        .join("; ")}
    >
      {spans.map(({ span, kind }) => {
        const left = scale.place(span.low);
        const width = Math.max(scale.place(span.high) - left, 0.8);
        return (
          <div class="range" key={span.label}>
            <div class="range-text">
              <span>{span.label}</span>
              <span>
                <b>
                  {formatNumber(span.low)} … {formatNumber(span.high)}
                </b>
                {span.mark !== undefined && <span class="note">, mean {formatNumber(span.mark, 3)}</span>}
              </span>
            </div>
            <div class="range-track">
              <span class={`range-bar ${kind}`} style={{ left: `${Math.min(left, 99.2)}%`, width: `${width}%` }} />
              {span.mark !== undefined && <span class="range-mark" style={{ left: `${scale.place(span.mark)}%` }} />}
            </div>
          </div>
        );
      })}
      {scale.bent && <p class="note">Scale compressed, so that both can be seen.</p>}
    </div>
  );
}

function Limit(drawing: Extract<Drawing, { kind: "limit" }>) {
  const { value, limit, log } = drawing;
  const top = log ? 1 : Math.max(Math.abs(value), Math.abs(limit)) * 1.05 || 1;
  const place = (x: number) => {
    if (!log) return (Math.abs(x) / top) * 100;
    const low = Math.log10(Math.min(value, limit)) - 0.6;
    const high = Math.log10(Math.max(value, limit)) + 0.1;
    return ((Math.log10(x) - low) / (high - low)) * 100;
  };
  return (
    <div
      class="ranges"
      role="img"
      aria-label={`${words(drawing.label)}: ${formatNumber(value)}; expected ${drawing.word} ${formatNumber(limit)}`}
    >
      <div class="range">
        <div class="range-text">
          <span class="cap">{drawing.label}</span>
          <b>{formatNumber(value)}</b>
        </div>
        <div class="range-track">
          <span class="range-bar bad" style={{ left: "0%", width: `${Math.max(place(value), 0.8)}%` }} />
          <span class="range-limit" style={{ left: `${place(limit)}%` }} />
        </div>
        <p class="note">
          Expected {drawing.word} {formatNumber(limit)}
          {log ? "; logarithmic scale" : ""}
        </p>
      </div>
    </div>
  );
}

const SIZES_HEIGHT = 64;

/** The columns of a table, on a logarithmic scale: a linear one would show the largest and nothing else. */
function Sizes({ sizes, largest, smallest }: Extract<Drawing, { kind: "sizes" }>) {
  const known = sizes.filter((size) => size > 0);
  const low = Math.log(Math.min(...known)) - 0.7;
  const span = Math.log(Math.max(...known)) - low;
  const name = (column: number) => `column ${column}: ${formatNumber(sizes[column]!, 3)}`;
  return (
    <figure class="sizes">
      <figcaption>
        Typical size of each column <span class="note">logarithmic</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${sizes.length} ${SIZES_HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Sizes of ${sizes.length} columns; largest ${name(largest)}, smallest ${name(smallest)}`}
      >
        {sizes.map((size, column) => {
          const height = size > 0 ? ((Math.log(size) - low) / span) * SIZES_HEIGHT : 0;
          return (
            <rect
              key={column}
              class={column === largest || column === smallest ? "size bad" : "size"}
              x={column + 0.12}
              width="0.76"
              y={SIZES_HEIGHT - height}
              height={height}
            >
              <title>{name(column)}</title>
            </rect>
          );
        })}
      </svg>
      <div class="spark-axis">
        <span>largest, {name(largest)}</span>
        <span>smallest, {name(smallest)}</span>
      </div>
    </figure>
  );
}

function Shapes(drawing: Extract<Drawing, { kind: "shapes" }>) {
  const [got, expected] = alignShapes(drawing.got, drawing.expected);
  const row = (label: string, axes: Axes, other: Axes, bad: boolean) => (
    <tr>
      <th scope="row">{label}</th>
      {axes.map((here, i) => {
        const there = other[i];
        const differs =
          here !== undefined && (there === undefined || (here !== there && here !== null && there !== null));
        if (here === undefined)
          return (
            <td key={i} class="axis none" aria-label="no axis">
              –
            </td>
          );
        return (
          <td key={i} class={`axis ${differs ? (bad ? "bad" : "good") : ""}`}>
            {here === null ? "any" : here}
          </td>
        );
      })}
    </tr>
  );
  return (
    <table class="shapes">
      <tbody>
        {row(drawing.gotLabel, got, expected, true)}
        {row(drawing.expectedLabel, expected, got, false)}
      </tbody>
    </table>
  );
}
