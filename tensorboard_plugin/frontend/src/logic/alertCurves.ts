// The curve that shows where it went wrong.
import type { Alert } from "../types";
import { hasValues } from "./chart";
import { drawingOf } from "./evidence";
import type { Curves } from "./series";

/** What to draw of an alert's subject; curves are named as the route `series` names them. */
export interface AlertCurve {
  label: string;
  quantity: string;
  /** Drawn as a band: the curve is the mean of what lies between them. */
  band?: { low: string; high: string };
  /** For comparison. */
  beside?: { label: string; quantity: string };
  /** Where the values should lie. */
  expected?: [number, number];
}

const TENSORS = new Set(["input", "target", "prediction", "sample_weight"]);
const LOSS: AlertCurve = { label: "Training loss", quantity: "losses:loss" };
const NORM: AlertCurve = { label: "Global gradient norm", quantity: "samples:train:gradient_norm" };

/** Returns the curves that may show it, the best one first: which of them a run has is known only when it is asked. */
export function curvesOf(alert: Alert): AlertCurve[] {
  const at = alert.subject.indexOf(":");
  const kind = at < 0 ? alert.subject : alert.subject.slice(0, at);
  const name = at < 0 ? "" : alert.subject.slice(at + 1);
  if (TENSORS.has(kind)) return tensorCurves(alert, kind, name);
  if (kind === "weight") return [weightCurve(alert.rule, name)];
  if (kind === "layer" && !/gradient/.test(alert.rule)) return [layerCurve(alert.rule, name)];
  if (/gradient/.test(alert.rule)) return [NORM];
  if (alert.rule === "overfitting") {
    return [
      {
        label: "Validation loss",
        quantity: "samples:validation:loss",
        beside: { label: "Training loss", quantity: LOSS.quantity },
      },
      LOSS,
    ];
  }
  return ["loss", "optimizer", "training"].includes(kind) ? [LOSS] : [];
}

function tensorCurves(alert: Alert, role: string, name: string): AlertCurve[] {
  const key = (split: string, column: string, stage: string) => `tensors:${split}:${column}:${role}:${stage}:${name}`;
  // An alert that names a layer judges what that layer reads; that is not always what was fed.
  const stages = typeof alert.evidence["layer"] === "string" && role === "input" ? ["entry", "fed"] : ["fed"];
  const drawing = drawingOf(alert);
  return stages.map((stage) => {
    const quantity = key(alert.split, "mean", stage);
    if (alert.split !== "train") {
      return {
        label: `Mean of ${name}, ${alert.split}`,
        quantity,
        beside: { label: "in training", quantity: key("train", "mean", stage) },
      };
    }
    const band = { low: key("train", "min", stage), high: key("train", "max", stage) };
    const curve = { label: `Range and mean of ${name}`, quantity, band };
    return drawing.kind === "range" ? { ...curve, expected: [drawing.expected.low, drawing.expected.high] } : curve;
  });
}

function weightCurve(rule: string, name: string): AlertCurve {
  return /learning-rate/.test(rule)
    ? { label: "Update ratio", quantity: `weights:train:update_ratio:${name}` }
    : { label: "Gradient norm", quantity: `weights:train:gradient_norm:${name}` };
}

function layerCurve(rule: string, name: string): AlertCurve {
  if (/dead/.test(rule)) return { label: "Dead units", quantity: `layers:train:dead_fraction:${name}` };
  if (/saturat/.test(rule)) return { label: "Saturated values", quantity: `layers:train:saturated_fraction:${name}` };
  return { label: "Spread of the activations", quantity: `layers:train:std:${name}` };
}

/** Returns every quantity that a curve needs. */
export function quantitiesOf(curve: AlertCurve): string[] {
  return [curve.quantity, curve.band?.low, curve.band?.high, curve.beside?.quantity].filter(
    (q): q is string => q !== undefined,
  );
}

/** One curve with everything at hand. */
export interface DrawnCurve {
  label: string;
  step: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  bad: boolean[];
}

/** Returns the first of the curves that the run has, followed by the one beside it, and where its values should lie. */
export function drawnCurves(
  wanted: readonly AlertCurve[],
  all: Record<string, Curves> | undefined,
): { curves: DrawnCurve[]; expected: [number, number] | null } | null {
  const find = (quantity: string) => Object.values(all ?? {}).find((curves) => hasValues(curves, quantity));
  for (const wish of wanted) {
    const stream = find(wish.quantity);
    if (!stream || stream.step.length < 2) continue;
    const main = pick(wish.label, stream, wish.quantity);
    const [low, high] = wish.band ? [stream.values[wish.band.low], stream.values[wish.band.high]] : [];
    if (low && high) [main.low, main.high] = [low.min, high.max];
    const beside = wish.beside && find(wish.beside.quantity);
    const curves = beside ? [main, pick(wish.beside!.label, beside, wish.beside!.quantity)] : [main];
    return { curves, expected: wish.expected ?? null };
  }
  return null;
}

function pick(label: string, curves: Curves, quantity: string): DrawnCurve {
  const { mean, min, max, bad } = curves.values[quantity]!;
  return { label, step: curves.step, mean, low: min, high: max, bad };
}
