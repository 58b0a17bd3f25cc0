// Several runs on the same charts, and side by side in a table.
import { useEffect, useMemo } from "preact/hooks";
import { finder } from "../logic/alertCurves";
import type { ChartLine } from "../logic/chart";
import { ago, count, formatNumber, whole } from "../logic/numbers";
import { comparedIds, newestFirst, runColour } from "../logic/runs";
import { EPOCH_LOSS, GRADIENT_NORM, LEARNING_RATE, SAMPLED_LOSS, seriesKey } from "../logic/seriesKey";
import { costText, LEVEL_WORDS, LIFE_WORDS, lifeOf } from "../logic/status";
import { visible } from "../logic/text";
import { ManySeries, useDifferences } from "../state/feeds";
import { names, sorted } from "../state/live";
import { dark, now, show, shown } from "../state/shown";
import type { Quantity, RunRow } from "../types";
import { Chart } from "./Chart";
import { Empty, Name, Section, Skeleton } from "./common";
import { LevelIcon } from "./icons";
import { Settings } from "./Settings";

const CHARTS: readonly [Quantity, string][] = [
  [SAMPLED_LOSS, "Training loss"],
  [EPOCH_LOSS, "Validation loss by epoch"],
  [GRADIENT_NORM, "Global gradient norm"],
  [LEARNING_RATE, "Learning rate"],
];
const KEYS = CHARTS.map(([of]) => seriesKey(of));

export function Compare() {
  const { chosen, filter, zoom, log } = shown.value;
  const rows = sorted.value;
  const ids = comparedIds(rows, chosen, filter);
  const points = ids.length > 12 ? 200 : 500;
  const many = useMemo(() => new ManySeries(KEYS, points, zoom), [points, zoom?.[0], zoom?.[1]]);
  const key = ids.join("\n");
  useEffect(() => many.follow(ids), [many, key]);
  useEffect(() => () => many.follow([]), [many]);
  const compared = ids.map((id) => rows.find((row) => row.id === id)).filter((row): row is RunRow => row !== undefined);
  return (
    <>
      <Changes runs={compared} />
      <Section title="Side by side" note="Choose runs in the list at the left">
        {compared.length === 0 ? <Empty title="No run is chosen" /> : <RunTable rows={compared} all={rows} />}
      </Section>
      <Section title="Over time" note="Drag to zoom, double-click to show all" tools={<Settings />}>
        <div class="charts">
          {CHARTS.map(([of, title], i) => {
            const lines = linesOf(many, compared, rows, of);
            if (lines.length === 0 && i > 0) return null;
            return <Chart key={title} title={title} lines={lines} log={log} comparing height={240} />;
          })}
        </div>
      </Section>
    </>
  );
}

/** What changed in the inputs from the older one of two runs to the newer one. */
function Changes({ runs }: { runs: readonly RunRow[] }) {
  const [first, second] = [...runs].sort(newestFirst).reverse();
  const two = runs.length === 2 && first && second;
  const feed = useDifferences(two ? first.id : "", two ? second.id : "");
  if (!two) {
    return runs.length > 2 ? <p class="note">Choose two runs to see what changed in their inputs.</p> : null;
  }
  const found = feed?.data.value;
  return (
    <Section title="What changed in the inputs">
      <div class="what-changed">
        <dl class="ab">
          <RunLetter letter="A" run={first} />
          <RunLetter letter="B" run={second} />
        </dl>
        {feed?.error.value && (
          <p class="problem" role="alert">
            {feed.error.value}
          </p>
        )}
        {!found && !feed?.error.value && <Skeleton lines={1} />}
        {found && <p class="sentence">{visible(found.sentence)}</p>}
        {found && found.changes.length > 1 && (
          <details>
            <summary>{count(found.changes.length, "difference")}</summary>
            <ul class="changes">
              {found.changes.map((change) => (
                <li key={`${change.subject} ${change.text}`}>
                  {subjectWord(change.subject)} <code>{visible(subjectName(change.subject))}</code>{" "}
                  {visible(change.text)}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </Section>
  );
}

function RunLetter({ letter, run }: { letter: string; run: RunRow }) {
  return (
    <div>
      <dt>{letter}</dt>
      <dd>
        <Name>{names.value.get(run.id)}</Name>
      </dd>
    </div>
  );
}

const subjectWord = (subject: string) => subject.slice(0, subject.indexOf(":"));
const subjectName = (subject: string) => subject.slice(subject.indexOf(":") + 1);

function linesOf(many: ManySeries, compared: readonly RunRow[], all: readonly RunRow[], of: Quantity): ChartLine[] {
  void many.version.value;
  const key = seriesKey(of);
  return compared.flatMap((row): ChartLine[] => {
    const curves = finder(many.feeds.get(row.id)?.data.value, [])(of);
    if (!curves) return [];
    const colour = runColour(all.indexOf(row), dark.value);
    const label = names.value.get(row.id) ?? row.id;
    return [
      { key: row.id, label, colour, curves, quantity: key, started: row.started, sparse: of.stream === "epochs" },
    ];
  });
}

function RunTable({ rows, all }: { rows: readonly RunRow[]; all: readonly RunRow[] }) {
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
            <th aria-label="Remove" />
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
                  <LevelIcon level={row.verdict} size={16} />
                  {verdictCell(row)}
                </span>
              </td>
              <td class="top">{visible(worst(row)) || "–"}</td>
              <td class="tight">
                {LIFE_WORDS[lifeOf(row, now.value)]}, {ago(now.value - row.last_event_time)}
              </td>
              <td class="right">{whole(row.step)}</td>
              <td class="right">{row.loss === null ? "–" : formatNumber(row.loss)}</td>
              <td class="right">{costText(row)}</td>
              <td>{rows.length > 1 && <Remove row={row} rows={rows} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** In a list of hundreds of runs, a chosen one may be far away. */
function Remove({ row, rows }: { row: RunRow; rows: readonly RunRow[] }) {
  const label = `Remove ${names.value.get(row.id)} from the comparison`;
  const chosen = rows.map((other) => other.id).filter((id) => id !== row.id);
  return (
    <button
      type="button"
      class="remove"
      title="Remove from the comparison"
      aria-label={label}
      onClick={() => show({ chosen })}
    >
      ×
    </button>
  );
}

/** An exception that no rule explains comes before the worst alert. */
function worst(row: RunRow): string {
  return row.failure && row.errors === 0 ? row.failure : row.top;
}

function verdictCell(row: RunRow): string {
  if (row.failure && row.errors === 0) return "Failed";
  const found = [row.errors && count(row.errors, "error"), row.warnings && count(row.warnings, "warning")]
    .filter(Boolean)
    .join(", ");
  return found || LEVEL_WORDS[row.verdict];
}
