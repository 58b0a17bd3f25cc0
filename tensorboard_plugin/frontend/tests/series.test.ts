import { describe, expect, it } from "vitest";
import {
  beyond,
  type ChartLine,
  hasValues,
  nearest,
  placeOf,
  placeRange,
  positions,
  stepAt,
  valueRange,
} from "../src/logic/chart";
import { BAD, colour, extent, joinCells, labelledBuckets, place, ticks, unpack } from "../src/logic/grid";
import { fromGroup, have, join, smooth } from "../src/logic/series";
import type { Grid } from "../src/types";
import { group } from "./fixtures";

const KEY = "losses:loss";

describe("series", () => {
  it("grow at the end", () => {
    const held = fromGroup(group(1, 0, 5));
    expect(have(held)).toBe("losses:losses:1:4");
    const grown = join(held, group(1, 4, 4));
    expect(grown.step).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(grown.values[KEY]!.mean).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(grown.values[KEY]!.max).toHaveLength(8);
  });
  it("are merged when the server's buckets have grown wider", () => {
    const grown = join(fromGroup(group(1, 0, 8)), group(4, 1, 3));
    expect(grown.width).toBe(4);
    expect(grown.step).toEqual([0, 4, 8, 12]);
    expect(grown.last).toEqual([3, 7, 11, 15]);
    expect(grown.values[KEY]!.min[0]).toBe(0);
    expect(grown.values[KEY]!.max[0]).toBe(3);
    expect(grown.values[KEY]!.mean[0]).toBe(1.5);
  });
  it("start anew where they cannot be joined", () => {
    const held = fromGroup(group(8, 0, 3));
    expect(join(held, group(4, 2, 2)).step).toEqual([8, 12]);
    expect(join(held, group(8, 7, 1)).step).toEqual([56]);
    expect(join(undefined, group(1, 0, 2)).step).toEqual([0, 1]);
  });
  it("keep what is not finite", () => {
    const bad = group(1, 0, 4);
    bad.values[KEY]!.bad = [3];
    bad.values[KEY]!.mean = [0, null, 2, null];
    const grown = join(fromGroup(bad), group(2, 2, 1));
    expect(grown.values[KEY]!.bad).toEqual([false, true, false]);
    expect(grown.values[KEY]!.mean[0]).toBe(0);
  });
  it("are smoothed without a pull towards 0 at the start, and gaps stay", () => {
    expect(smooth([2, 2, null, 2], 0.9)).toEqual([2, 2, null, 2].map((v) => (v === null ? null : expect.closeTo(v))));
    expect(smooth([1, 5], 0)).toEqual([1, 5]);
  });
});

describe("charts", () => {
  const line: ChartLine = {
    key: "a",
    label: "a",
    colour: "#000",
    curves: fromGroup(group(1, 0, 4)),
    quantity: KEY,
    started: 90,
  };
  it("place steps, relative and wall time", () => {
    expect(positions(line, "step")).toEqual([0, 1, 2, 3]);
    expect(positions(line, "relative")).toEqual([10, 11, 12, 13]);
    expect(positions(line, "wall")).toEqual([100, 101, 102, 103]);
    expect(stepAt(line, "relative", 11.9)).toBe(2);
    expect(placeOf(line, "wall", 3)).toBe(103);
    expect(nearest([null, 5, 9], 6)).toBe(1);
    expect(nearest([null], 6)).toBe(-1);
  });
  it("find what to show", () => {
    expect(placeRange([line], "step", null)).toEqual([0, 3]);
    expect(placeRange([line], "wall", [1, 2])).toEqual([101, 102]);
    expect(placeRange([], "step", null)).toBeNull();
    expect(valueRange([line], "step", [0, 3], false)[0]).toBe(0);
    expect(valueRange([line], "step", [0, 3], true)[0]).toBeGreaterThan(0);
    expect(valueRange([line], "step", [9, 10], false)).toEqual([0, 1]);
    expect(hasValues(line.curves, KEY)).toBe(true);
    expect(hasValues(line.curves, "toString")).toBe(false);
  });
});

describe("charts of several runs", () => {
  const of = (key: string, values: number[]): ChartLine => {
    const held = fromGroup(group(1, 0, values.length));
    held.values[KEY] = { mean: values, min: values, max: values, bad: values.map(() => false) };
    return { key, label: key, colour: "#000", curves: held, quantity: KEY, started: 0 };
  };
  const [good, other, wild] = [of("good", [2, 1.5, 1]), of("other", [2.2, 2, 1.8]), of("wild", [2, 400, 3e18])];
  const range = (...lines: ChartLine[]) => valueRange(lines, "step", [0, 2], false, true);
  it("cut off the run beside which the others would be flat, and say so", () => {
    for (const lines of [
      [good, wild],
      [good, other, wild],
      [wild, other, good],
    ]) {
      expect(range(...lines)[1]).toBeLessThan(3);
      const out = beyond(lines, "step", [0, 2], range(...lines));
      expect(out.lines.map((line) => line.key)).toEqual(["wild"]);
      expect(out.value).toBe(3e18);
    }
    expect(valueRange([good, wild], "step", [0, 2], false)[1]).toBeGreaterThan(3e18);
  });
  it("show all where most explode, where none does, and of a single run", () => {
    expect(range(good, of("wild too", [2, 300, 2e18]), wild)[1]).toBeGreaterThan(2e18);
    expect(range(wild)[1]).toBeGreaterThan(3e18);
    expect(range(good, of("constant", [1, 1, 1]), other)).toEqual(range(good, other));
    expect(beyond([good, other], "step", [0, 2], range(good, other)).lines).toEqual([]);
  });
  it("show what differs little, and runs without values", () => {
    expect(range(of("a", [1, 1]), of("b", [1, 1]))).toEqual([0.5, 1.5]);
    expect(range(of("a", [1, 1]), of("b", [5, 5]))[1]).toBeGreaterThan(5);
    expect(range()).toEqual([0, 1]);
  });
});

function grid(cells: number[][], change: Partial<Grid> = {}): Grid {
  const bytes = cells.flat().flatMap((cell) => [cell & 255, cell >> 8]);
  const n = cells[0]!.length;
  return {
    width: 1,
    first: 0,
    samples: n,
    expected: n,
    step: Array.from({ length: n }, (_, i) => i),
    last: [],
    log: true,
    low: -2,
    high: 2,
    cells: btoa(String.fromCharCode(...bytes)),
    ...change,
  };
}

describe("heat maps", () => {
  it("are unpacked", () => {
    const cells = unpack(
      ["a", "b"],
      grid([
        [3, 65535, 0],
        [1, 2, 32769],
      ]),
    );
    expect(cells.values[0]![0]).toBeCloseTo(0.01);
    expect(cells.values[0]![1]).toBeCloseTo(100);
    expect(cells.values[0]![2]).toBeNaN();
    expect([cells.values[1]![0], cells.values[1]![1]]).toEqual([BAD, 0]);
    expect(extent(cells)[1]).toBeCloseTo(100);
  });
  it("grow, and are merged by the largest value", () => {
    const held = unpack(["a"], grid([[3, 65535, 3, 65535]]));
    const grown = joinCells(held, ["a"], grid([[3]], { width: 2, first: 2, step: [4], last: [5] }));
    expect(grown.step).toEqual([0, 2, 4]);
    expect([...grown.values[0]!].map((v) => Math.round(v * 100))).toEqual([10000, 10000, 1]);
    expect(joinCells(held, ["other"], grid([[3]], { first: 3 })).step).toEqual([0]);
  });
  it("are labelled at both ends", () => {
    expect([labelledBuckets(2), labelledBuckets(9), labelledBuckets(0)]).toEqual([[0, 1], [0, 2, 4, 6, 8], []]);
  });
  it("have a scale", () => {
    expect(place(10, 1, 100, true)).toBeCloseTo(0.5);
    expect(place(200, 0, 100, false)).toBe(1);
    expect(ticks(0.01, 1000, true)).toEqual([0.01, 0.1, 1, 10, 100, 1000].map((v) => expect.closeTo(v)));
    expect(colour(0)[2]).toBeLessThan(colour(0.3)[2]);
    const light = (at: number) => colour(at).reduce((sum, c, i) => sum + c * [0.3, 0.59, 0.11][i]!, 0);
    for (let at = 0.1; at <= 1; at += 0.1) expect(light(at)).toBeGreaterThan(light(at - 0.1));
  });
});
