import { describe, expect, it } from "vitest";
import { curvesOf, drawnCurves, quantitiesOf } from "../src/logic/alertCurves";
import { alignShapes, drawingOf, evidenceText, scaleOf, words } from "../src/logic/evidence";
import { entryOf, featureWord, mergedCards } from "../src/logic/inputs";
import { fromGroup } from "../src/logic/series";
import type { InputCard, LayerFacts } from "../src/types";
import { labelEvery, rowHeight } from "../src/ui/Heatmap";
import { layerSettings, settings } from "../src/ui/Model";
import { scaleOfCurves } from "../src/ui/Sparkline";
import { alert, group } from "./fixtures";

const draw = (evidence: Record<string, unknown>) => drawingOf(alert(1, "error", 0, { evidence }).alert);

describe("evidence", () => {
  it("draws a range against what is expected", () => {
    const drawing = draw({ min: 0, max: 255, mean: 127, expected_low: 0, expected_high: 1 });
    expect(drawing).toMatchObject({
      kind: "range",
      seen: [{ low: 0, high: 255, mark: 127 }],
      expected: { low: 0, high: 1 },
    });
    expect(draw({ min: -50, max: 50, expected_max_abs: 20 })).toMatchObject({
      kind: "range",
      expected: { low: -20, high: 20 },
    });
  });
  it("draws training beside validation", () => {
    expect(draw({ min: 0, max: 255, mean: 100, std: 50, train_mean: 0.4, train_std: 0.2 })).toMatchObject({
      kind: "range",
      seen: [{ low: 0, high: 200 }],
      expected: { low: 0, high: 0.8 },
    });
  });
  it("draws shapes, from lists and from text", () => {
    expect(draw({ shape: [32, 784], expected_shape: [null, 28, 28, 1] })).toMatchObject({
      kind: "shapes",
      got: [32, 784],
      expected: [null, 28, 28, 1],
    });
    expect(draw({ target_shape: "(32,)", prediction_shape: "(32, 1)" })).toMatchObject({
      kind: "shapes",
      got: [32],
      expected: [32, 1],
    });
    expect(draw({ dtype: "string", expected_dtype: "float32" })).toMatchObject({ kind: "types" });
  });
  it("draws a value against its limit, on a logarithmic scale where they are far apart", () => {
    expect(draw({ ratio: 0.00025, expected_min_ratio: 0.01 })).toMatchObject({
      kind: "limit",
      word: "at least",
      log: true,
    });
    expect(draw({ ratio: 3, expected_max_ratio: 2 })).toMatchObject({ kind: "limit", word: "at most", log: false });
  });
  it.each([
    [{}],
    [{ min: "NaN", max: 1, expected_low: 0, expected_high: 1 }],
    [{ shape: "<img>", expected_shape: {} }],
    [{ expected_max_x: "no" }],
    [{ min: 5, max: 1 }],
  ])("draws nothing from %o", (evidence) => expect(draw(evidence)).toEqual({ kind: "none" }));
  it("writes any value", () => {
    expect([1.5, "NaN", true, null, [1, "a"], [], { a: 1 }].map(evidenceText)).toEqual([
      "1.5",
      "NaN",
      "yes",
      "–",
      "1, a",
      "none",
      '{"a":1}',
    ]);
    expect(words("train_std")).toBe("train std. deviation");
  });
  it("draws no range that lies within what is expected: it would be no evidence", () => {
    expect(draw({ min: -280, max: 280, expected_max_size: 1000, predicted_size: 1e8 })).toEqual({ kind: "none" });
  });
  it("draws the columns of a table, unless their numbers are not places in the list", () => {
    const sizes = [1, 9000, 0, 2];
    expect(draw({ sizes, largest_column: 1, smallest_column: 0, min: 0, max: 9000 })).toMatchObject({
      kind: "sizes",
      largest: 1,
      smallest: 0,
    });
    expect(draw({ sizes, largest_column: 3, smallest_column: 0 })).toEqual({ kind: "none" });
    expect(draw({ sizes: [1, "x"], largest_column: 0, smallest_column: 1 })).toEqual({ kind: "none" });
  });
  it("puts the axes of two shapes below each other: batch first, the rest from the end", () => {
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
  it("bends the scale only where a straight one would hide a span", () => {
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
});

describe("curves of alerts", () => {
  const wanted = (subject: string, rule: string, more = {}) =>
    curvesOf(alert(1, "info", 0, { subject, rule, ...more }).alert);
  it.each([
    ["weight:a:b/kernel", "x", ["weights:train:gradient_norm:a:b/kernel"]],
    ["layer:relu", "dead-relu", ["layers:train:dead_fraction:relu"]],
    ["layer:conv", "vanishing-gradient", ["samples:train:gradient_norm"]],
    ["loss", "loss-spike", ["losses:loss"]],
    ["training", "overfitting", ["samples:validation:loss", "losses:loss"]],
    ["input:x", "y", ["tensors:train:mean:input:fed:x"]],
    ["model", "frozen-model", []],
  ])("of %s in %s", (subject, rule, quantities) =>
    expect(wanted(subject, rule).map((curve) => curve.quantity)).toEqual(quantities),
  );

  it("show what the layer reads, else what was fed, with the range and what is expected", () => {
    const evidence = { layer: "conv", min: 0, max: 255, expected_low: 0, expected_high: 1 };
    const [entry, fed] = wanted("input:x", "unnormalized-input", { evidence });
    expect(entry).toMatchObject({ quantity: "tensors:train:mean:input:entry:x", expected: [0, 1] });
    expect(fed).toMatchObject({
      quantity: "tensors:train:mean:input:fed:x",
      band: { low: "tensors:train:min:input:fed:x" },
    });
    expect(quantitiesOf(fed!)).toHaveLength(3);
    const curves = fromGroup(group(2, 0, 4));
    for (const name of ["mean", "min", "max"])
      curves.values[`tensors:train:${name}:input:fed:x`] = curves.values["losses:loss"]!;
    const drawn = drawnCurves([entry!, fed!], { "tensors:train": curves })!;
    expect(drawn.curves.map((curve) => curve.label)).toEqual(["Range and mean of x"]);
    expect(drawn.expected).toEqual([0, 1]);
    expect(scaleOfCurves(drawn)).toMatchObject({ low: -1, high: 7, first: 0, last: 6, log: false });
    expect(drawnCurves([entry!], { "tensors:train": curves })).toBeNull();
  });
  it("show training beside validation", () => {
    const [curve] = wanted("input:x", "train-validation-skew", { split: "validation" });
    expect([curve!.quantity, curve!.beside!.quantity]).toEqual([
      "tensors:validation:mean:input:fed:x",
      "tensors:train:mean:input:fed:x",
    ]);
  });
});

const card = (change: Partial<InputCard["layout"]>): InputCard => ({
  layout: {
    name: "x",
    role: "input",
    stage: "fed",
    shape: null,
    dtype: "float32",
    kind: "dense",
    layer: "",
    layer_class: "",
    sources: [],
    same_as_fed: false,
    feature_axis: null,
    features: [],
    n_features: 0,
    n_classes: 0,
    ...change,
  },
  words: "",
  expected_low: null,
  expected_high: null,
  expected_why: "",
  views: [],
});

describe("views", () => {
  it("show one card where the first layer reads what is fed", () => {
    const cards = [
      card({}),
      card({ stage: "entry", same_as_fed: true, sources: ["x"] }),
      card({ name: "z", stage: "entry", sources: ["z"] }),
    ];
    expect(mergedCards(cards)).toEqual([cards[0], cards[2]]);
    expect(entryOf(cards[0]!, cards)).toBe(cards[1]);
    expect(entryOf(cards[2]!, cards)).toBeUndefined();
  });
  it("call the last axis by what it is", () => {
    expect(featureWord({ role: "input", shape: [null, 8, 8, 3] })).toBe("Channel");
    expect(featureWord({ role: "input", shape: [null, 4] })).toBe("Feature");
    expect(featureWord({ role: "prediction", shape: [null, 4] })).toBe("Output");
  });
  it("fit few rows and many", () => {
    expect([rowHeight(5), rowHeight(40), rowHeight(500)]).toEqual([26, 13, 4]);
    expect([labelEvery(26), labelEvery(4)]).toEqual([1, 4]);
  });
  it("tell settings in words", () => {
    expect(settings({ name: "adam", learning_rate: 0.001, clipnorm: null, use_ema: false })).toBe(
      "adam, learning rate 0.001",
    );
    expect(settings([{ name: "mse" }, null])).toBe("mse; none");
    const layer = {
      config: { activation: "relu", units: 10, strides: [1, 1], use_bias: true, rate: null },
    } as unknown as LayerFacts;
    expect(layerSettings(layer)).toBe("relu, units 10");
  });
});
