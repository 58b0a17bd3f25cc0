// Series in buckets that grow at the end: joins what the server sends to what the page has.
import type { SeriesGroup } from "../types";

export interface SeriesValues {
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  bad: boolean[];
}

export interface SeriesData {
  stream: string;
  width: number;
  samples: number;
  expected: number;
  step: number[];
  last: number[];
  wall: (number | null)[];
  values: Record<string, SeriesValues>;
}

/** Returns the series of one answer. */
export function fromGroup(group: SeriesGroup): SeriesData {
  const values: Record<string, SeriesValues> = {};
  for (const [key, given] of Object.entries(group.values)) {
    const bad = new Array<boolean>(group.step.length).fill(false);
    for (const at of given.bad) bad[at] = true;
    const single = given.min.length === 0;
    values[key] = {
      mean: given.mean,
      min: single ? given.mean.slice() : given.min,
      max: single ? given.mean.slice() : given.max,
      bad,
    };
  }
  const last = group.last.length ? group.last : group.step.slice();
  return {
    stream: group.stream,
    width: group.width,
    samples: group.samples,
    expected: group.expected,
    step: group.step,
    last,
    wall: group.wall,
    values,
  };
}

/** Returns `old` with what is new in `group`. The old curves are merged to the width of the new ones first. */
export function join(old: SeriesData | undefined, group: SeriesGroup): SeriesData {
  const fresh = fromGroup(group);
  if (!old || group.first === 0) return fresh;
  let base = old;
  while (base.width < group.width) base = halve(base);
  if (base.width !== group.width || base.step.length < group.first) return fresh;
  const cut = <T>(list: readonly T[]) => list.slice(0, group.first);
  const values: Record<string, SeriesValues> = {};
  for (const [key, curve] of Object.entries(fresh.values)) {
    const kept = base.values[key];
    if (!kept) return fresh;
    values[key] = {
      mean: [...cut(kept.mean), ...curve.mean],
      min: [...cut(kept.min), ...curve.min],
      max: [...cut(kept.max), ...curve.max],
      bad: [...cut(kept.bad), ...curve.bad],
    };
  }
  return {
    ...fresh,
    step: [...cut(base.step), ...fresh.step],
    last: [...cut(base.last), ...fresh.last],
    wall: [...cut(base.wall), ...fresh.wall],
    values,
  };
}

/** Merges pairs of buckets. */
export function halve(curves: SeriesData): SeriesData {
  const values: Record<string, SeriesValues> = {};
  for (const [key, curve] of Object.entries(curves.values)) {
    values[key] = {
      mean: pairs(curve.mean, (a, b) => (a + b) / 2),
      min: pairs(curve.min, Math.min),
      max: pairs(curve.max, Math.max),
      bad: curve.bad.filter((_, i) => i % 2 === 0).map((bad, i) => bad || (curve.bad[2 * i + 1] ?? false)),
    };
  }
  const even = <T>(list: readonly T[]) => list.filter((_, i) => i % 2 === 0);
  return {
    ...curves,
    width: curves.width * 2,
    step: even(curves.step),
    last: even(curves.last).map((last, i) => curves.last[2 * i + 1] ?? last),
    wall: even(curves.wall),
    values,
  };
}

function pairs(list: readonly (number | null)[], both: (a: number, b: number) => number): (number | null)[] {
  const out: (number | null)[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const a = list[i] ?? null;
    const b = list[i + 1] ?? null;
    out.push(a === null ? b : b === null ? a : both(a, b));
  }
  return out;
}

/** Returns the `have` parameter: all buckets but the last one, which may not have been full. */
export function have(curves: SeriesData): string {
  return `${curves.stream}:${curves.width}:${Math.max(0, curves.step.length - 1)}`;
}

/** Returns an exponential moving average, corrected for its start. Gaps stay gaps. */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return values.slice();
  let sum = 0;
  let n = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + (1 - weight) * value;
    n += 1;
    return sum / (1 - weight ** n);
  });
}
