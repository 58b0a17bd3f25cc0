// Where the axes of a chart are labelled.
import type { Axis } from "./hash";
import { duration, formatNumber, whole } from "./numbers";

export interface Tick {
  at: number;
  text: string;
}

/** Returns a step of 1, 2 or 5 times a power of ten that makes at most `most` intervals. */
export function niceStep(span: number, most: number): number {
  const rough = span / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  return power * (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10);
}

function multiples(low: number, high: number, step: number): number[] {
  const out: number[] = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let i = first; i * step <= high + step * 1e-9 && out.length < 200; i++)
    out.push(Number((i * step).toPrecision(12)));
  return out;
}

/** Labels of values. */
export function valueTicks(low: number, high: number, log: boolean, most: number): Tick[] {
  const label = (at: number): Tick => ({ at, text: formatNumber(at, 3) });
  if (!log) return multiples(low, high, niceStep(high - low, most)).map(label);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / Math.max(most, 1)));
  const within = last - first > 3 ? [1] : last - first > 1 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const out: number[] = [];
  for (let e = first; e <= last; e += every) for (const m of within) out.push(Number((m * 10 ** e).toPrecision(3)));
  return out.filter((at) => at >= low && at <= high).map(label);
}

const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** Labels of steps, of seconds since the start, or of the time of the day. */
export function placeTicks(low: number, high: number, axis: Axis, most: number): Tick[] {
  const span = high - low;
  if (axis === "step") {
    const step = Math.max(1, niceStep(span, most));
    return multiples(low, high, step).map((at) => ({ at, text: stepText(at) }));
  }
  const step =
    span / most < 1
      ? niceStep(span, most)
      : (TIMES.find((t) => span / t <= most) ?? 86400 * Math.ceil(niceStep(span / 86400, most)));
  if (axis === "relative")
    return multiples(low, high, step).map((at) => ({ at, text: duration(at).replace(/ 0 (s|min)$/, "") }));
  const shift = new Date(low * 1000).getTimezoneOffset() * 60;
  return multiples(low - shift, high - shift, step).map((at) => ({
    at: at + shift,
    text: clock((at + shift) * 1000, step, span),
  }));
}

function stepText(at: number): string {
  const size = Math.abs(at);
  if (size >= 1e6) return `${Number((at / 1e6).toPrecision(4))}M`;
  if (size >= 1e4) return `${Number((at / 1e3).toPrecision(4))}k`;
  return whole(at);
}

function clock(ms: number, step: number, span: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getDate()} ${at.toLocaleString("en-GB", { month: "short" })}`;
  if (step >= 86400) return day;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (span > 86400) return `${day} ${time}`;
  return step < 60 ? `${time}:${two(at.getSeconds())}` : time;
}
