// The loss and the gradient norm over time, with the alerts marked.

import { hasValues, type Line } from "../logic/chart";
import { num } from "../logic/numbers";
import type { Curves } from "../logic/series";
import { visible } from "../logic/text";
import { dark, shown } from "../state/shown";
import { type RunFacts, useSeries } from "../state/sources";
import type { AlertRow, RunRow } from "../types";
import { Chart } from "./Chart";
import { Section } from "./common";
import { palette } from "./palette";
import type { Marker } from "./plot";
import { Settings } from "./Settings";

const POINTS = 600;

/** Marks of the alerts, for charts. */
export function markers(alerts: readonly AlertRow[]): Marker[] {
  return alerts.map((a) => ({ step: a.alert.first_step, level: a.severity, text: visible(a.alert.message) }));
}

const MAIN = [
  "losses:loss",
  "samples:train:loss",
  "samples:validation:loss",
  "samples:train:gradient_norm",
  "samples:train:learning_rate",
];

/** Validation losses of the epochs as a curve. */
export function epochCurve(facts: RunFacts, name: string): Curves | null {
  const ends = facts.epochs.filter((end) => Number.isFinite(num(end.logs[name])));
  if (ends.length === 0) return null;
  const values = ends.map((end) => num(end.logs[name]));
  const step = ends.map((end) => end.step);
  const curve = { mean: values, min: values, max: values, bad: values.map(() => false) };
  return {
    stream: name,
    width: 1,
    samples: step.length,
    expected: step.length,
    step,
    last: step,
    wall: ends.map((end) => num(end.wall_time)),
    values: { [name]: curve },
  };
}

export function useMainLines(row: RunRow, facts: RunFacts | undefined) {
  const { zoom } = shown.value;
  const source = useSeries(row.id, MAIN, POINTS, zoom);
  const data = source?.data.value ?? {};
  const colours = palette(dark.value);
  const line = (stream: string, quantity: string, label: string, colour: string): Line[] => {
    const curves = data[stream];
    return curves && hasValues(curves, quantity)
      ? [{ key: quantity, label, colour, curves, quantity, started: row.started }]
      : [];
  };
  const step = line("losses:losses", "losses:loss", "Training loss", colours.accent);
  const loss = step.length ? step : line("samples:train", "samples:train:loss", "Training loss", colours.accent);
  const ends = facts ? epochCurve(facts, "val_loss") : null;
  if (ends) {
    loss.push({
      key: "val_loss",
      label: "Validation loss, epochs",
      colour: colours.second,
      curves: ends,
      quantity: "val_loss",
      started: row.started,
      sparse: true,
    });
  }
  return {
    complete: source?.complete.value ?? false,
    loss,
    norm: line("samples:train", "samples:train:gradient_norm", "Global gradient norm", colours.accent),
    rate: line("samples:train", "samples:train:learning_rate", "Learning rate", colours.accent),
  };
}

export function OverTime({
  lines,
  marks,
  height,
}: {
  lines: ReturnType<typeof useMainLines>;
  marks: readonly Marker[];
  height?: number;
}) {
  const { log } = shown.value;
  const size = height === undefined ? {} : { height };
  return (
    <Section title="Over time" note="Drag to zoom, double-click to see all" tools={<Settings />}>
      <div class="charts">
        <Chart title="Loss" lines={lines.loss} markers={marks} log={log} {...size} />
        <Chart title="Global gradient norm" lines={lines.norm} markers={marks} log={log} {...size} />
      </div>
    </Section>
  );
}
