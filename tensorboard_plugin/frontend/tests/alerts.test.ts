import { describe, expect, it } from "vitest";
import { drawnCurves, epochSeries, type FindSeries, finder, quantitiesOf } from "../src/logic/alertCurves";
import { evidenceName, evidenceText, examplesText } from "../src/logic/evidence";
import { alignShapes, extremeSizes, limitPlaces, limitText, scaleOf, sizeHeights } from "../src/logic/pictures";
import { fromGroup } from "../src/logic/series";
import { groupKey, isServed, LOSS, quantity, seriesKey } from "../src/logic/seriesKey";
import type { Curve, EpochEnd, LayerFacts, LimitPicture, Quantity, SizesPicture } from "../src/types";
import { expectedSpan } from "../src/ui/Evidence";
import { labelEvery, rowHeight } from "../src/ui/Heatmap";
import { layerSettings, settings } from "../src/ui/Model";
import { scaleOfCurves } from "../src/ui/Sparkline";
import { group } from "./fixtures";

describe("evidence", () => {
  it("names the examples of an alert, and their rows where they are known", () => {
    const batch = { subject: "input:x", step: 1200, batch: [3, 9], rows: [], shown: [] };
    expect(examplesText(batch)).toBe("Examples 3, 9 of the batch of step 1,200");
    const first = { ...batch, batch: [3], rows: [35] };
    expect(examplesText(first)).toBe("Example 3 of the batch of step 1,200, row 35 of the data");
  });

  it("writes any value", () => {
    const values = [1.5, 36710, 12345678, "NaN", true, null, [1, "a"], [], { a: 1 }];
    expect(values.map(evidenceText)).toEqual([
      "1.5",
      "36,710",
      "12,345,678",
      "NaN",
      "yes",
      "–",
      "1, a",
      "none",
      '{"a":1}',
    ]);
    expect(evidenceName("train_std")).toBe("train std. deviation");
  });
});

describe("pictures", () => {
  const limit = (value: number, of: number): LimitPicture => ({
    kind: "limit",
    label: "ratio",
    value,
    limit: of,
    bound: "at most",
    unit: "",
  });
  const sizes = (values: number[]): SizesPicture => ({
    kind: "sizes",
    label: "size",
    names: values.map(String),
    sizes: values,
    marked: [],
    largest_ratio: null,
  });
  it("draw a value and its limit on a logarithmic scale where they are far apart", () => {
    expect(limitPlaces(limit(3, 2))).toMatchObject({ log: false });
    const far = limitPlaces(limit(0.00025, 0.01));
    expect(far.log).toBe(true);
    expect(0 < far.value && far.value < far.limit && far.limit <= 100).toBe(true);
    expect(limitPlaces({ ...limit(1, 2), value: "Infinity" })).toEqual({ value: 100, limit: 50, log: false });
    expect(limitPlaces(limit(0, 0))).toEqual({ value: 0, limit: 0, log: false });
  });
  it("write a limit in its unit", () => {
    expect([limitText(0.42, "fraction"), limitText(2e6, "bytes"), limitText(90, "s"), limitText(1234.5, "")]).toEqual([
      "42 %",
      "2 MB",
      "1 min 30 s",
      "1,235",
    ]);
  });
  it("draw sizes of every magnitude", () => {
    expect(sizeHeights(sizes([1, 2, 4]))).toEqual({ heights: [0.25, 0.5, 1], log: false });
    const { heights, log } = sizeHeights(sizes([0, 1, 9000]));
    expect(log).toBe(true);
    expect(heights[0]).toBe(0);
    expect(heights[1]).toBeGreaterThan(0.02);
    expect(heights[2]).toBeCloseTo(1);
    expect(extremeSizes(sizes([3, 1, 9]))).toEqual([2, 1]);
  });
  it("put the axes of two shapes below each other: batch first, the rest from the end", () => {
    expect(alignShapes([null, 784], [null, 28, 28, 1])).toEqual([
      [null, undefined, undefined, 784],
      [null, 28, 28, 1],
    ]);
    expect(alignShapes([32], [32, 1])).toEqual([
      [undefined, 32],
      [32, 1],
    ]);
    expect(alignShapes([3, 32], [8, 8, 3])).toEqual([
      [undefined, 3, 32],
      [8, 8, 3],
    ]);
  });
  it("bend the scale only where a straight one would hide a span", () => {
    expect(
      scaleOf([
        { low: 0, high: 255 },
        { low: 0, high: 1 },
      ]).bent,
    ).toBe(false);
    const bent = scaleOf([
      { low: 0, high: 1e6 },
      { low: 0, high: 1 },
    ]);
    expect(bent.bent).toBe(true);
    expect(bent.place(1)).toBeGreaterThan(5);
    expect(bent.place(1e6)).toBeCloseTo(100);
  });
  it("keep ends that are not finite on the scale", () => {
    const scale = scaleOf([
      { low: "-Infinity", high: 4 },
      { low: 0, high: "NaN" },
    ]);
    expect([scale.low, scale.high, scale.place(-Infinity), scale.place(NaN)]).toEqual([0, 4, 0, 0]);
    expect(scaleOf([]).place(0.5)).toBe(50);
  });
  it("draw an expected range without a limit as far as what was seen", () => {
    const range = { rule: "r", subject: "input:x", stage: "fed" as const, reason: "" };
    expect(expectedSpan({ ...range, low: null, high: 20 }, [-5, 255])).toMatchObject({
      text: "at most 20",
      span: { low: -5, high: 20 },
    });
    expect(expectedSpan({ ...range, low: 0, high: null }, [-5, 255])).toMatchObject({
      text: "at least 0",
      span: { low: 0, high: 255 },
    });
    expect(expectedSpan({ ...range, low: null, high: null }, [0, 1])).toBeNull();
  });
});

describe("keys of series", () => {
  it("are served, or not", () => {
    expect([groupKey(LOSS), seriesKey(LOSS)]).toEqual(["losses:losses", "losses:loss"]);
    expect(isServed(quantity({ stream: "epochs", column: "val_loss" }))).toBe(false);
    expect(isServed(quantity({ stream: "weights", column: "of a newer log" }))).toBe(false);
  });
});

describe("curves of alerts", () => {
  const tensor = (column: string, change: Partial<Quantity> = {}) =>
    quantity({ stream: "tensors", column, name: "a:x", ...change });
  const curve = (change: Partial<Curve>): Curve => ({
    label: "Mean",
    quantity: tensor("mean"),
    low: null,
    high: null,
    beside: null,
    beside_label: "",
    expected: null,
    ...change,
  });
  const sent = (...quantities: Quantity[]): FindSeries => {
    const data = fromGroup(group(2, 0, 4));
    for (const of of quantities) data.values[seriesKey(of)] = data.values["losses:loss"]!;
    return finder({ "tensors:train": data }, []);
  };
  it("are the first that the run has, with their band and where the values should lie", () => {
    const entry = curve({ label: "As read", quantity: tensor("mean", { stage: "entry" }) });
    const fed = curve({
      low: tensor("min"),
      high: tensor("max"),
      expected: { label: "", low: 0, high: 1, mark: null },
    });
    const drawn = drawnCurves([entry, fed], sent(tensor("mean"), tensor("min"), tensor("max")))!;
    expect(drawn.curves.map((c) => c.label)).toEqual(["Mean"]);
    expect(drawn.expected).toEqual([0, 1]);
    expect(scaleOfCurves(drawn)).toMatchObject({ low: -1, high: 7, first: 0, last: 6, log: false });
    expect(drawnCurves([entry], sent(tensor("mean")))).toBeNull();
    expect(quantitiesOf([entry, fed])).toHaveLength(4);
  });
  it("are drawn beside another one where the run has it", () => {
    const wish = curve({ beside: tensor("max"), beside_label: "Largest" });
    expect(drawnCurves([wish], sent(tensor("mean"), tensor("max")))!.curves.map((c) => c.label)).toEqual([
      "Mean",
      "Largest",
    ]);
    expect(drawnCurves([wish], sent(tensor("mean")))!.curves).toHaveLength(1);
  });
  it("are found in Keras' logs of the epochs", () => {
    const epochs = [0, 1].map(
      (epoch): EpochEnd => ({ epoch, step: 10 * epoch, wall_time: epoch, logs: { val_loss: epoch } }),
    );
    const of = quantity({ stream: "epochs", column: "val_loss" });
    expect(drawnCurves([curve({ quantity: of })], finder(undefined, epochs))!.curves[0]).toMatchObject({
      step: [0, 10],
      mean: [0, 1],
    });
    expect(epochSeries(epochs, "accuracy")).toBeUndefined();
  });
});

describe("views", () => {
  it("fit few rows and many", () => {
    expect([rowHeight(5), rowHeight(40), rowHeight(500)]).toEqual([26, 13, 4]);
    expect([labelEvery(26), labelEvery(4)]).toEqual([1, 4]);
  });
  it("write settings in words", () => {
    expect(settings({ name: "adam", learning_rate: 0.001, clipnorm: null, use_ema: false })).toBe(
      "adam, learning rate 0.001",
    );
    expect(settings([{ name: "mse" }, null])).toBe("mse; none");
    const config = { activation: "relu", units: 10, strides: [1, 1], use_bias: true, rate: null, axis: -1 };
    expect(layerSettings({ config } as unknown as LayerFacts)).toBe("relu, units 10");
  });
});
