import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as numbers from "../src/logic/numbers";

type Case = [number | string, string];
const SHARED: Record<string, Case[]> = JSON.parse(
  readFileSync(new URL("../../../tests/number_format.json", import.meta.url), "utf8"),
);
const FUNCTIONS: Record<string, (value: number) => string> = {
  format_number: numbers.formatNumber,
  short: numbers.short,
  whole: numbers.whole,
  percent: numbers.percent,
  times: numbers.times,
  size_bytes: numbers.sizeBytes,
  duration: numbers.duration,
};

/** The shared file has `inf` where JSON has no number. */
function parse(value: number | string): number {
  return typeof value === "number" ? value : Number(value.replace("inf", "Infinity"));
}

describe("numbers read as Python writes them", () => {
  it.each(Object.keys(SHARED))("%s is known here", (name) => expect(FUNCTIONS).toHaveProperty(name));
  const cases = Object.entries(SHARED).flatMap(([name, list]) => list.map((item) => [name, ...item] as const));
  it.each(cases)("%s of %s is %s", (name, value, text) => expect(FUNCTIONS[name]!(parse(value))).toBe(text));
});

describe("numbers that only the page writes", () => {
  const { ago, count, formatNumber, interval, percent, shape } = numbers;
  it("unknown ones are a dash", () => expect([formatNumber(null), percent(undefined)]).toEqual(["–", "–"]));
  it("what JSON has no number for", () =>
    expect(["NaN", "Infinity"].map((v) => formatNumber(v as "NaN"))).toEqual(["NaN", "inf"]));
  it("ages, counts, ranges and shapes", () => {
    expect([ago(1), ago(30), ago(300), ago(7200), ago(400000)]).toEqual([
      "just now",
      "30 s ago",
      "5 min ago",
      "2 h ago",
      "5 days ago",
    ]);
    expect([count(1, "error"), count(2, "error"), count(0, "more class", "more classes")]).toEqual([
      "1 error",
      "2 errors",
      "0 more classes",
    ]);
    expect([interval(0, 255), interval(1, 1), interval(null, 2)]).toEqual(["0 to 255", "1", "– to 2"]);
    expect([shape([null, 28, 28, 1]), shape([32]), shape(null)]).toEqual([
      "(None, 28, 28, 1)",
      "(32,)",
      "unknown shape",
    ]);
  });
});
