// Which picture shows what an alert has seen.
import type { Alert, Num } from "../types";
import { fmt, num } from "./numbers";
import { visible } from "./text";

export interface Span {
  label: string;
  low: number;
  high: number;
  /** A mark within, e.g. the mean. */
  mark?: number;
}

export type Drawing =
  | { kind: "range"; seen: Span[]; expected: Span }
  | { kind: "limit"; label: string; value: number; limit: number; word: string; log: boolean }
  | { kind: "shapes"; got: (number | null)[]; expected: (number | null)[]; gotLabel: string; expectedLabel: string }
  | { kind: "types"; got: string; expected: string }
  | { kind: "none" };

function value(evidence: Record<string, unknown>, ...names: string[]): number {
  for (const name of names) {
    const found = evidence[name];
    if (typeof found === "number" || typeof found === "string") {
      const x = num(found as Num);
      if (Number.isFinite(x)) return x;
    }
  }
  return NaN;
}

function axes(found: unknown): (number | null)[] | null {
  if (Array.isArray(found) && found.length > 0 && found.length <= 12) {
    return found.every((n) => n === null || typeof n === "number") ? (found as (number | null)[]) : null;
  }
  if (typeof found !== "string") return null;
  const match = /^\s*[([]([^()[\]]*)[)\]]\s*$/.exec(found);
  if (!match) return null;
  const parts = match[1]!.split(",").map((part) => part.trim()).filter(Boolean);
  const numbers = parts.map((part) => (part === "None" ? null : Number(part)));
  return parts.length && numbers.every((n) => n === null || Number.isFinite(n)) ? numbers : null;
}

const SIDES = [
  ["shape", "expected_shape", "came", "expected"],
  ["target_shape", "prediction_shape", "targets", "predictions"],
  ["labels", "predictions", "labels", "predictions"],
  ["left", "right", "left", "right"],
] as const;

/** Returns the picture for the evidence of an alert. */
export function drawingOf(alert: Alert): Drawing {
  const e = alert.evidence;
  for (const [left, right, gotLabel, expectedLabel] of SIDES) {
    const got = axes(e[left]);
    const expected = axes(e[right]);
    if (got && expected) return { kind: "shapes", got, expected, gotLabel, expectedLabel };
  }
  if (typeof e["dtype"] === "string" && typeof e["expected_dtype"] === "string") {
    return { kind: "types", got: e["dtype"], expected: e["expected_dtype"] };
  }
  const range = rangeOf(e);
  if (range) return range;
  return limitOf(e);
}

function rangeOf(e: Record<string, unknown>): Drawing | null {
  const low = value(e, "min");
  const high = value(e, "max");
  if (!(low <= high)) return null;
  const mean = value(e, "mean");
  const seen: Span = { label: "Seen", low, high, ...(Number.isFinite(mean) ? { mark: mean } : {}) };
  const trainMean = value(e, "train_mean");
  const trainStd = value(e, "train_std");
  if (Number.isFinite(trainMean) && Number.isFinite(trainStd)) {
    const std = value(e, "std");
    const here = Number.isFinite(std) && Number.isFinite(mean)
      ? { label: "Validation, mean ± 2 std", low: mean - 2 * std, high: mean + 2 * std, mark: mean }
      : { ...seen, label: "Validation" };
    const train = { label: "Training, mean ± 2 std", low: trainMean - 2 * trainStd, high: trainMean + 2 * trainStd, mark: trainMean };
    return { kind: "range", seen: [here], expected: train };
  }
  const limit = value(e, "expected_max_abs", "expected_max_size");
  const expectedLow = value(e, "expected_low", "expected_min");
  const expectedHigh = value(e, "expected_high", "expected_max");
  if (Number.isFinite(expectedLow) && Number.isFinite(expectedHigh)) {
    return { kind: "range", seen: [seen], expected: { label: "Expected", low: expectedLow, high: expectedHigh } };
  }
  if (Number.isFinite(limit)) {
    return { kind: "range", seen: [seen], expected: { label: "Expected, at most", low: low < 0 ? -limit : 0, high: limit } };
  }
  return null;
}

function limitOf(e: Record<string, unknown>): Drawing {
  for (const name of Object.keys(e)) {
    const match = /^expected_(max|min)_(.+)$/.exec(name);
    const found = match ? value(e, match[2]!) : NaN;
    const limit = value(e, name);
    if (match && Number.isFinite(found) && Number.isFinite(limit)) {
      const apart = found > 0 && limit > 0 ? Math.max(found / limit, limit / found) : 1;
      const word = match[1] === "max" ? "at most" : "at least";
      return { kind: "limit", label: words(match[2]!), value: found, limit, word, log: apart > 20 };
    }
  }
  return { kind: "none" };
}

/** Returns the name of an evidence number as words. */
export function words(name: string): string {
  return visible(name).replace(/_/g, " ").replace(/\bstd\b/, "std. deviation");
}

/** Returns a value of the evidence as text, whatever it is. */
export function evidenceText(found: unknown): string {
  if (typeof found === "number") return fmt(found);
  if (found === "NaN" || found === "Infinity" || found === "-Infinity") return fmt(found);
  if (typeof found === "string") return visible(found);
  if (typeof found === "boolean") return found ? "yes" : "no";
  if (found === null || found === undefined) return "–";
  if (Array.isArray(found)) return found.length ? found.map(evidenceText).join(", ") : "none";
  return visible(JSON.stringify(found));
}

/** Returns the curve that shows where it went wrong, as the route `series` names it, and what to call it. */
export function curveOf(alert: Alert): { quantity: string; label: string } | null {
  const at = alert.subject.indexOf(":");
  const kind = at < 0 ? alert.subject : alert.subject.slice(0, at);
  const name = at < 0 ? "" : alert.subject.slice(at + 1);
  if (kind === "weight") return { quantity: `weights:train:${/learning-rate/.test(alert.rule) ? "update_ratio" : "gradient_norm"}:${name}`, label: "Gradient norm" };
  if (kind === "layer") {
    if (/gradient/.test(alert.rule)) return { quantity: "samples:train:gradient_norm", label: "Global gradient norm" };
    const column = /dead/.test(alert.rule) ? "dead_fraction" : /saturat/.test(alert.rule) ? "saturated_fraction" : "std";
    const label = column === "dead_fraction" ? "Dead units" : column === "saturated_fraction" ? "Saturated values" : "Spread of the activations";
    return { quantity: `layers:train:${column}:${name}`, label };
  }
  if (["input", "target", "prediction", "sample_weight"].includes(kind)) {
    const split = alert.split;
    return { quantity: `tensors:${split}:mean:${kind}:fed:${name}`, label: `Mean of ${name}` };
  }
  if (/gradient/.test(alert.rule)) return { quantity: "samples:train:gradient_norm", label: "Global gradient norm" };
  if (kind === "loss" || kind === "optimizer" || kind === "training") return { quantity: "losses:loss", label: "Loss" };
  return null;
}
