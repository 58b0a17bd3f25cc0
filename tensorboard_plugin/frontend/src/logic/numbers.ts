// Numbers as text: the same texts as Python's tb_inputdiag/numbers.py gives. Both are tested against tests/number_format.json.
import type { Num } from "../types";

/** Returns the number that the JSON stands for; NaN for null. */
export function num(value: Num | null | undefined): number {
  return value === null || value === undefined ? NaN : Number(value);
}

/** Shown instead of an unknown number. */
export const UNKNOWN = "–";
/** From here on a number is written with an exponent: float32 has no more than seven digits that mean anything. */
const MOST_DIGITS = 1e7;
/** Below this a number is written with an exponent. */
const SMALLEST = 1e-4;

/** Returns a number for people: `36,710`, `0.003922`, `1.2e-9`, `NaN`, `-inf`; a dash for null. */
export function formatNumber(value: Num | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return UNKNOWN;
  const x = num(value);
  if (!Number.isFinite(x)) return notFinite(x);
  const size = Math.abs(x);
  if (size < MOST_DIGITS && Number.isInteger(x)) return whole(x);
  if (size >= 10 ** digits && size < MOST_DIGITS - 0.5) return whole(x);
  return decimalOrExponent(x, digits);
}

/** Returns a number for a narrow place, such as a cell or an axis: in three digits, where four take more room. */
export function short(value: Num | null | undefined): string {
  const shown = [formatNumber(value), formatNumber(value, 3)];
  const x = num(value);
  if (Number.isFinite(x) && x !== 0) shown.push(exponent(x, 3));
  return shown.find((text) => text.length <= 7) ?? shown.at(-1)!;
}

function notFinite(x: number): string {
  return Number.isNaN(x) ? "NaN" : x > 0 ? "inf" : "-inf";
}

function decimalOrExponent(x: number, digits: number): string {
  const size = Math.abs(Number(x.toPrecision(digits)));
  return size === 0 || (size >= SMALLEST && size < MOST_DIGITS) ? decimal(x, digits) : exponent(x, digits);
}

function decimal(x: number, digits: number): string {
  return Number(x.toPrecision(digits)).toLocaleString("en-US", { maximumFractionDigits: 20 });
}

function exponent(x: number, digits: number): string {
  const [mantissa, power] = x.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${Number(power)}`;
}

/** Returns a number rounded to a whole one, with all digits: `138,357,544`. */
export function whole(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.floor(Math.abs(value) + 0.5);
  return `${value < 0 && size > 0 ? "-" : ""}${size.toLocaleString("en-US")}`;
}

/** Returns a fraction in percent: `12 %`, `0.42 %`; never `0 %` for one above 0, nor `100 %` for one below 1. */
export function percent(fraction: Num | null | undefined): string {
  const value = 100 * num(fraction);
  if (!Number.isFinite(value)) return formatNumber(fraction);
  if (value < 0) {
    const size = percent(-value / 100);
    return /^\d/.test(size) ? `-${size}` : `about ${value > -1 ? "0" : "-100"} %`;
  }
  if (value > 0 && value < 0.01) return "< 0.01 %";
  if (value > 99.9 && value < 100) return "> 99.9 %";
  if (value >= 99 && value < 100) return `${decimal(value, 3)} %`;
  return `${value >= 9.95 || value === 0 ? whole(value) : decimal(value, 2)} %`;
}

/** Returns a factor in two significant digits: `3.2`, `48`, `1,200`, `1e8`. */
export function times(factor: Num): string {
  const x = num(factor);
  return Number.isFinite(x) ? decimalOrExponent(x, 2) : formatNumber(factor);
}

/** Returns `0 to 255`; a single number where both ends read the same. */
export function interval(low: Num | null, high: Num | null): string {
  const ends = [formatNumber(low), formatNumber(high)];
  return ends[0] === ends[1] ? ends[0]! : ends.join(" to ");
}

/** Returns `1 sample`, `1,200 samples`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

/** Returns bytes in the largest unit that fits: `512 B`, `1.5 KB`; 1 KB is 1,000 bytes. */
export function sizeBytes(n: number): string {
  for (const [unit, size] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["KB", 1e3],
  ] as const) {
    if (n >= size) return `${decimal(n / size, 3)} ${unit}`;
  }
  return `${whole(n)} B`;
}

/** Returns a span of time in its two largest units: `35 ms`, `3.2 s`, `4 min 5 s`, `2 h 30 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return notFinite(seconds);
  const s = Math.max(0, seconds);
  if (s < 0.0995) return `${whole(s * 1000)} ms`;
  if (s < 9.95) return `${decimal(s, s >= 1 ? 2 : 1)} s`;
  if (s < 59.5) return `${whole(s)} s`;
  if (s < 3570) return `${Math.floor(Math.round(s) / 60)} min ${Math.round(s) % 60} s`;
  if (s < 86400) return `${Math.floor(Math.round(s / 60) / 60)} h ${Math.round(s / 60) % 60} min`;
  return `${whole(Math.floor(s / 86400))} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** Returns how long ago something was. */
export function ago(seconds: number): string {
  if (!Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 2) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** Returns a shape as Python writes it, `None` for a free axis. */
export function shape(axes: readonly (number | null)[] | null): string {
  if (!axes) return "unknown shape";
  const inner = axes.map((n) => (n === null ? "None" : String(n)));
  return inner.length === 1 ? `(${inner[0]},)` : `(${inner.join(", ")})`;
}
