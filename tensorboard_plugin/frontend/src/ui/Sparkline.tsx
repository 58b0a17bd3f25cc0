// A small curve with the step marked at which something went wrong.
import type { Curves } from "../logic/series";
import { fmt, int } from "../logic/numbers";

const W = 320;
const H = 64;

export function Sparkline({ curves, quantity, mark, label }: { curves: Curves; quantity: string; mark: number; label: string }) {
  const curve = curves.values[quantity];
  if (!curve || curves.step.length < 2) return null;
  const known = [...curve.min, ...curve.max].filter((v): v is number => v !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const positive = known.filter((v) => v > 0);
  const log = low >= 0 && positive.length > 0 && high / Math.min(...positive) > 200;
  const floor = log ? Math.min(...positive) : low;
  const bend = (v: number) => (log ? Math.log(Math.max(v, floor)) : v);
  const span = bend(high) - bend(floor) || 1;
  const first = curves.step[0]!;
  const steps = curves.step[curves.step.length - 1]! - first || 1;
  const x = (step: number) => ((step - first) / steps) * W;
  const y = (v: number) => H - 3 - ((bend(v) - bend(floor)) / span) * (H - 6);
  const at = Math.min(W, Math.max(0, x(mark)));
  return (
    <figure class="spark">
      <figcaption>
        {label}{log ? ", logarithmic" : ""}
        <span class="note">{fmt(low, 3)} … {fmt(high, 3)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`${label} over steps; the alert began at step ${int(mark)}`}>
        <path class="spark-band" d={band(curves, curve.min, curve.max, x, y)} />
        <path class="spark-line" d={path(curves.step, curve.mean, x, y)} />
        {curve.bad.map((bad, i) => bad && <line key={i} class="spark-bad" x1={x(curves.step[i]!)} x2={x(curves.step[i]!)} y1={H - 10} y2={H} />)}
        <line class="spark-mark" x1={at} x2={at} y1="0" y2={H} />
      </svg>
      <div class="spark-axis"><span>step {int(first)}</span><span>{int(first + steps)}</span></div>
    </figure>
  );
}

function path(step: number[], values: (number | null)[], x: (s: number) => number, y: (v: number) => number): string {
  let out = "";
  let down = false;
  values.forEach((value, i) => {
    if (value !== null) out += `${down ? "L" : "M"}${x(step[i]!).toFixed(1)} ${y(value).toFixed(1)}`;
    down = value !== null;
  });
  return out;
}

function band(curves: Curves, low: (number | null)[], high: (number | null)[], x: (s: number) => number, y: (v: number) => number): string {
  const places = curves.step.map((_, i) => i).filter((i) => low[i] !== null && high[i] !== null);
  if (places.length < 2) return "";
  const top = places.map((i) => `${x(curves.step[i]!).toFixed(1)} ${y(high[i]!).toFixed(1)}`);
  const bottom = places.reverse().map((i) => `${x(curves.step[i]!).toFixed(1)} ${y(low[i]!).toFixed(1)}`);
  return `M${top.join("L")}L${bottom.join("L")}Z`;
}
