// Evidence, drawn: the range against what is expected, shapes side by side, a value against its limit.
import { drawingOf, words, type Drawing, type Span } from "../logic/evidence";
import { fmt } from "../logic/numbers";
import type { Alert } from "../types";

export function Evidence({ alert }: { alert: Alert }) {
  const drawing = drawingOf(alert);
  switch (drawing.kind) {
    case "range":
      return <Ranges spans={[...drawing.seen.map((span) => ({ span, kind: "bad" })), { span: drawing.expected, kind: "good" }]} />;
    case "limit":
      return <Limit {...drawing} />;
    case "shapes":
      return <Shapes {...drawing} />;
    case "types":
      return (
        <dl class="types">
          <div><dt>came</dt><dd class="bad">{drawing.got}</dd></div>
          <div><dt>expected</dt><dd class="good">{drawing.expected}</dd></div>
        </dl>
      );
    default:
      return null;
  }
}

/** Returns where values lie on a scale that shows all spans, 0..100. A logarithmic one where linear would hide a span. */
export function scaleOf(spans: readonly Span[]): { place: (x: number) => number; bent: boolean; low: number; high: number } {
  const low = Math.min(...spans.map((s) => s.low));
  const high = Math.max(...spans.map((s) => s.high));
  const widths = spans.map((s) => s.high - s.low).filter((w) => w > 0);
  const bent = widths.length > 1 && Math.max(...widths) / Math.min(...widths) > 400;
  const unit = bent ? Math.max(Math.min(...widths), 1e-30) / 4 : 1;
  const bend = (x: number) => (bent ? Math.asinh(x / unit) : x);
  const span = bend(high) - bend(low) || 1;
  return { place: (x) => ((bend(x) - bend(low)) / span) * 100, bent, low, high };
}

export function Ranges({ spans }: { spans: readonly { span: Span; kind: string }[] }) {
  const scale = scaleOf(spans.map((s) => s.span));
  return (
    <div class="ranges" role="img" aria-label={spans.map(({ span }) => `${span.label}: ${fmt(span.low)} to ${fmt(span.high)}`).join("; ")}>
      {spans.map(({ span, kind }) => {
        const left = scale.place(span.low);
        const width = Math.max(scale.place(span.high) - left, 0.8);
        return (
          <div class="range" key={span.label}>
            <div class="range-text">
              <span>{span.label}</span>
              <b>{fmt(span.low)} … {fmt(span.high)}</b>
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
    <div class="ranges" role="img" aria-label={`${words(drawing.label)}: ${fmt(value)}; expected ${drawing.word} ${fmt(limit)}`}>
      <div class="range">
        <div class="range-text">
          <span class="cap">{drawing.label}</span>
          <b>{fmt(value)}</b>
        </div>
        <div class="range-track">
          <span class="range-bar bad" style={{ left: "0%", width: `${Math.max(place(value), 0.8)}%` }} />
          <span class="range-limit" style={{ left: `${place(limit)}%` }} />
        </div>
        <p class="note">Expected {drawing.word} {fmt(limit)}{log ? "; logarithmic scale" : ""}</p>
      </div>
    </div>
  );
}

function Shapes(drawing: Extract<Drawing, { kind: "shapes" }>) {
  const ranks = Math.max(drawing.got.length, drawing.expected.length);
  const row = (label: string, axes: (number | null)[], other: (number | null)[], bad: boolean) => (
    <tr>
      <th scope="row">{label}</th>
      {Array.from({ length: ranks }, (_, i) => {
        // The last axes are the ones that belong together: (32, 784) against (None, 28, 28, 1).
        const here = axes[i - (ranks - axes.length)];
        const there = other[i - (ranks - other.length)];
        const differs = here !== undefined && (there === undefined || (here !== there && here !== null && there !== null));
        if (here === undefined) return <td key={i} class="axis none" aria-label="no axis">–</td>;
        return <td key={i} class={`axis ${differs ? (bad ? "bad" : "good") : ""}`}>{here === null ? "any" : here}</td>;
      })}
    </tr>
  );
  return (
    <table class="shapes">
      <tbody>
        {row(drawing.gotLabel, drawing.got, drawing.expected, true)}
        {row(drawing.expectedLabel, drawing.expected, drawing.got, false)}
      </tbody>
    </table>
  );
}
