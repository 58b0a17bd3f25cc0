// The loss and the gradient norm over time, with the alerts marked.
import { finder } from "../logic/alertCurves";
import type { ChartLine } from "../logic/chart";
import { EPOCH_LOSS, GRADIENT_NORM, LOSS, SAMPLED_LOSS, seriesKey } from "../logic/seriesKey";
import { visible } from "../logic/text";
import { type RunFacts, useSeries } from "../state/feeds";
import { dark, part } from "../state/shown";
import type { AlertRow, Quantity, RunRow } from "../types";
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

const MAIN = [LOSS, SAMPLED_LOSS, GRADIENT_NORM].map(seriesKey);

export function useMainLines(row: RunRow, facts: RunFacts | undefined) {
  const feed = useSeries(row.id, MAIN, POINTS, part.zoom.value);
  const find = finder(feed?.data.value, facts?.epochs ?? []);
  const colours = palette(dark.value);
  const line = (of: Quantity, label: string, colour: string, sparse = false): ChartLine[] => {
    const curves = find(of);
    const key = seriesKey(of);
    return curves ? [{ key, label, colour, curves, quantity: key, started: row.started, sparse }] : [];
  };
  const everyStep = line(LOSS, "Training loss", colours.accent);
  const training = everyStep.length ? everyStep : line(SAMPLED_LOSS, "Training loss", colours.accent);
  return {
    complete: feed?.complete.value ?? false,
    loss: [...training, ...line(EPOCH_LOSS, "Validation loss by epoch", colours.second, true)],
    norm: line(GRADIENT_NORM, "Global gradient norm", colours.accent),
  };
}

interface Props {
  lines: ReturnType<typeof useMainLines>;
  marks: readonly Marker[];
  fits: readonly number[];
  height?: number;
}

export function OverTime({ lines, marks, fits, height }: Props) {
  const log = part.log.value;
  const size = height === undefined ? {} : { height };
  const note = "Drag to zoom, double-click to show all";
  return (
    <Section
      title="Over time"
      note={fits.length ? `${note}. Grey lines: another fit begins` : note}
      tools={<Settings />}
    >
      <div class="charts">
        <Chart title="Loss" lines={lines.loss} markers={marks} fits={fits} log={log} {...size} />
        <Chart title="Global gradient norm" lines={lines.norm} markers={marks} fits={fits} log={log} {...size} />
      </div>
    </Section>
  );
}
