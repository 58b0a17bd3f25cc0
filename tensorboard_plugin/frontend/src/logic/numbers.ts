// Numbers for people.
import type { Num } from "../types";

/** Returns the number that the JSON stands for. */
export function num(value: Num | null | undefined): number {
  return value === null || value === undefined ? NaN : Number(value);
}

const DASH = "–";

/** Returns a value with few digits: `0.00012` as `1.2e-4`, `52000` as `52,000`. */
export function fmt(value: Num | null | undefined, digits = 4): string {
  const x = num(value);
  if (Number.isNaN(x)) return value === "NaN" ? "NaN" : DASH;
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-3) {
    return minus(x.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e"));
  }
  if (Number.isInteger(x)) return int(x);
  const short = Number(x.toPrecision(digits));
  return minus(size >= 1000 ? short.toLocaleString("en-US") : String(short));
}

/** Returns a whole number with thousands separators. */
export function int(value: number): string {
  return Number.isFinite(value) ? minus(Math.round(value).toLocaleString("en-US")) : DASH;
}

function minus(text: string): string {
  return text.replace(/-/g, "−");
}

/** Returns a fraction as a percentage: `0.0123` as `1.2 %`. */
export function percent(fraction: number): string {
  if (!Number.isFinite(fraction)) return DASH;
  const p = fraction * 100;
  if (p === 0) return "0 %";
  if (p < 0.01) return "< 0.01 %";
  return `${Number(p.toPrecision(p >= 99.95 ? 3 : 2))} %`;
}

/** Returns a span of time in the two largest units that matter. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return DASH;
  const s = Math.max(0, seconds);
  if (s < 0.0995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${Number(s.toFixed(1))} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 3570) return `${Math.floor(Math.round(s) / 60)} min ${Math.round(s) % 60} s`;
  if (s < 86400) return `${Math.floor(Math.round(s / 60) / 60)} h ${Math.round(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** Returns how long ago something was. */
export function ago(seconds: number): string {
  if (!Number.isFinite(seconds)) return DASH;
  if (seconds < 2) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** Returns `1 sample`, `2 samples`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${int(n)} ${n === 1 ? one : many}`;
}

/** Returns bytes in a unit that fits. */
export function bytes(n: number): string {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["KB", 1e3]] as const) {
    if (n >= size) return `${Number((n / size).toPrecision(3))} ${unit}`;
  }
  return `${int(n)} B`;
}

/** Returns a shape as Python writes it, `None` for a free axis. */
export function shape(axes: readonly (number | null)[] | null): string {
  if (!axes) return "unknown shape";
  const inner = axes.map((n) => (n === null ? "None" : String(n)));
  return inner.length === 1 ? `(${inner[0]},)` : `(${inner.join(", ")})`;
}
