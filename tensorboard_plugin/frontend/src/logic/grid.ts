// Heat maps: unpacked, joined, and coloured.
import type { Grid } from "../types";

/** Values of cells that are not numbers: unknown, and not finite. */
export const MISSING = NaN;
export const BAD = Infinity;

export interface Cells {
  rows: string[];
  width: number;
  samples: number;
  expected: number;
  log: boolean;
  step: number[];
  last: number[];
  /** Row -> value of each bucket. */
  values: Float32Array[];
}

/** Returns the cells of an answer. */
export function unpack(rows: string[], grid: Grid): Cells {
  const text = atob(grid.cells);
  const n = grid.step.length;
  const span = grid.high - grid.low;
  const values = rows.map((_, row) => {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const at = 2 * (row * n + i);
      const packed = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8);
      if (packed >= 3) {
        const value = grid.low + ((packed - 3) / 65532) * span;
        out[i] = grid.log ? 10 ** value : value;
      } else out[i] = packed === 2 ? 0 : packed === 1 ? BAD : MISSING;
    }
    return out;
  });
  const last = grid.last.length ? grid.last : grid.step;
  return {
    rows,
    width: grid.width,
    samples: grid.samples,
    expected: grid.expected,
    log: grid.log,
    step: grid.step,
    last,
    values,
  };
}

/** Returns `old` with what is new. */
export function joinCells(old: Cells | undefined, rows: string[], grid: Grid): Cells {
  const fresh = unpack(rows, grid);
  if (!old || grid.first === 0 || old.rows.join("\n") !== rows.join("\n")) return fresh;
  let base = old;
  while (base.width < grid.width) base = halveCells(base);
  if (base.width !== grid.width || base.step.length < grid.first) return fresh;
  const cut = (list: number[]) => list.slice(0, grid.first);
  const values = fresh.values.map((add, row) => {
    const out = new Float32Array(grid.first + add.length);
    out.set(base.values[row]!.subarray(0, grid.first));
    out.set(add, grid.first);
    return out;
  });
  return { ...fresh, step: [...cut(base.step), ...fresh.step], last: [...cut(base.last), ...fresh.last], values };
}

function halveCells(cells: Cells): Cells {
  const n = Math.ceil(cells.step.length / 2);
  const values = cells.values.map((row) => {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const a = row[2 * i]!;
      const b = 2 * i + 1 < row.length ? row[2 * i + 1]! : NaN;
      out[i] = Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
    }
    return out;
  });
  const step = cells.step.filter((_, i) => i % 2 === 0);
  return {
    ...cells,
    width: cells.width * 2,
    step,
    last: step.map((_, i) => cells.last[2 * i + 1] ?? cells.last[2 * i]!),
    values,
  };
}

/** Returns [low, high] of the finite cells that can be drawn; for a logarithmic scale of those above 0. */
export function extent(cells: Cells): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const row of cells.values) {
    for (const value of row) {
      if (!Number.isFinite(value) || (cells.log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return cells.log ? [0.1, 1] : [0, 1];
  if (!cells.log) return [Math.min(0, low), Math.max(high, low + 1e-9, low >= 0 && high <= 1 ? 1 : high)];
  return low === high ? [low / 3, high * 3] : [low, high];
}

/** Returns the position of a value on the scale, 0..1. */
export function place(value: number, low: number, high: number, log: boolean): number {
  const at = log ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, at));
}

// Viridis at 9 places. Its lightness rises evenly, so it works in grey and with any colour vision.
const STOPS: readonly [number, number, number][] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Returns the colour of a place on the scale. */
export function colour(at: number): [number, number, number] {
  const x = Math.min(1, Math.max(0, at)) * (STOPS.length - 1);
  const i = Math.min(STOPS.length - 2, Math.floor(x));
  const f = x - i;
  const a = STOPS[i]!;
  const b = STOPS[i + 1]!;
  return [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f];
}

/** Returns the buckets whose steps are written below a map: both ends and some between. */
export function labelledBuckets(n: number, most = 5): number[] {
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (n - 1)) / (most - 1)));
}

/** Returns the values at which a scale is labelled. */
export function ticks(low: number, high: number, log: boolean): number[] {
  if (!log) return [0, 0.25, 0.5, 0.75, 1].map((f) => low + f * (high - low));
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return [low, high];
  const every = Math.max(1, Math.ceil((last - first) / 6));
  const out: number[] = [];
  for (let e = first; e <= last; e += every) out.push(10 ** e);
  return out;
}
