// Several runs on the same charts, and side by side in a table.
import { useEffect, useMemo } from "preact/hooks";
import { hasValues, type Line } from "../logic/chart";
import { ago, count, formatNumber, whole } from "../logic/numbers";
import { comparedIds, runColour } from "../logic/runs";
import { costText, LEVEL_WORDS, type Level, LIFE_WORDS, lifeOf } from "../logic/status";
import { visible } from "../logic/text";
import { names, sorted } from "../state/live";
import { dark, now, show, shown } from "../state/shown";
import { ManySeries } from "../state/sources";
import type { RunRow } from "../types";
import { Chart } from "./Chart";
import { Empty, Name, Section } from "./common";
import { LevelIcon } from "./icons";
import { Settings } from "./Settings";

const QUANTITIES = [
  "samples:train:loss",
  "samples:validation:loss",
  "samples:train:gradient_norm",
  "samples:train:learning_rate",
];
const CHARTS: readonly [string, string][] = [
  ["samples:train:loss", "Training loss"],
  ["samples:validation:loss", "Validation loss"],
  ["samples:train:gradient_norm", "Global gradient norm"],
  ["samples:train:learning_rate", "Learning rate"],
];

export function Compare() {
  const { chosen, filter, zoom, log } = shown.value;
  const rows = sorted.value;
  const ids = comparedIds(rows, chosen, filter);
  const points = ids.length > 12 ? 200 : 500;
  const many = useMemo(() => new ManySeries(QUANTITIES, points, zoom), [points, zoom?.[0], zoom?.[1]]);
  const key = ids.join("\n");
  useEffect(() => many.follow(ids), [many, key]);
  useEffect(() => () => many.follow([]), [many]);
  const compared = ids.map((id) => rows.find((row) => row.id === id)).filter((row): row is RunRow => row !== undefined);
  return (
    <>
      <Section title="Side by side" note="Choose runs in the list at the left">
        {compared.length === 0 ? <Empty title="No run is chosen" /> : <Table rows={compared} all={rows} />}
      </Section>
      <Section title="Over time" note="Drag to zoom, double-click to see all" tools={<Settings />}>
        <div class="charts">
          {CHARTS.map(([quantity, title]) => {
            const lines = linesOf(many, compared, rows, quantity);
            if (lines.length === 0 && quantity !== CHARTS[0]![0]) return null;
            return <Chart key={quantity} title={title} lines={lines} log={log} comparing height={240} />;
          })}
        </div>
      </Section>
    </>
  );
}

function linesOf(many: ManySeries, compared: readonly RunRow[], all: readonly RunRow[], quantity: string): Line[] {
  const lines: Line[] = [];
  void many.version.value;
  for (const row of compared) {
    const stream = quantity.split(":").slice(0, 2).join(":");
    const curves = many.sources.get(row.id)?.data.value?.[stream];
    if (!curves || !hasValues(curves, quantity)) continue;
    lines.push({
      key: row.id,
      label: names.value.get(row.id) ?? row.id,
      colour: runColour(all.indexOf(row), dark.value),
      curves,
      quantity,
      started: row.started,
      sparse: quantity.includes("validation"),
    });
  }
  return lines;
}

function Table({ rows, all }: { rows: readonly RunRow[]; all: readonly RunRow[] }) {
  return (
    <div class="table-scroll">
      <table class="layers runs-table">
        <thead>
          <tr>
            <th>Run</th>
            <th>Verdict</th>
            <th>Worst alert</th>
            <th>State</th>
            <th class="right">Step</th>
            <th class="right">Loss</th>
            <th class="right">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td class="run-cell">
                <span>
                  <span class="swatch on" style={{ "--run": runColour(all.indexOf(row), dark.value) }} />
                  <button type="button" class="link" onClick={() => show({ view: "", run: row.id, zoom: null })}>
                    <Name>{names.value.get(row.id)}</Name>
                  </button>
                </span>
              </td>
              <td class={`level-${row.verdict}`}>
                <span class="verdict-cell">
                  <LevelIcon level={row.verdict as Level} size={16} />
                  {verdictCell(row)}
                </span>
              </td>
              <td class="top">{visible(worst(row)) || "–"}</td>
              <td class="tight">
                {LIFE_WORDS[lifeOf(row, now.value)]}, {ago(now.value - row.heard)}
              </td>
              <td class="right">{whole(row.step)}</td>
              <td class="right">{row.loss === null ? "–" : formatNumber(row.loss)}</td>
              <td class="right">{costText(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A crash that no rule knows is worse than what else was found. */
function worst(row: RunRow): string {
  return row.failure && row.errors === 0 ? row.failure : row.top;
}

function verdictCell(row: RunRow): string {
  if (row.failure && row.errors === 0) return "Crashed";
  const found = [row.errors && count(row.errors, "error"), row.warnings && count(row.warnings, "warning")]
    .filter(Boolean)
    .join(", ");
  return found || LEVEL_WORDS[row.verdict as Level];
}
