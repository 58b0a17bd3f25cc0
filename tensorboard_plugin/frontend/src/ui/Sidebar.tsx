// The list of runs: verdict, state, cost of watching.

import { ago, count, whole } from "../logic/numbers";
import { comparedIds, compileFilter, runColour } from "../logic/runs";
import { costText, type Level, LIFE_WORDS, lifeOf } from "../logic/status";
import { current, names, sorted } from "../state/live";
import { dark, now, show, shown } from "../state/shown";
import type { RunRow } from "../types";
import { Filter, Name } from "./common";
import { LevelIcon } from "./icons";

let revealed = "";

/** Scrolls the list to the run of a link. Only once, so that the user can scroll away. */
function reveal(button: HTMLButtonElement | null): void {
  const id = current.peek()?.id ?? "";
  if (!button || revealed === id) return;
  revealed = id;
  button.scrollIntoView({ block: "nearest" });
}

interface Props {
  /** Clicking toggles runs to compare, instead of selecting one run. */
  comparing: boolean;
  onChosen: () => void;
}

export function Sidebar({ comparing, onChosen }: Props) {
  const { filter, chosen } = shown.value;
  const rows = sorted.value;
  const { test } = compileFilter(filter);
  const listed = rows.filter((row) => test(names.value.get(row.id) ?? row.id));
  const compared = comparing ? comparedIds(rows, chosen, filter) : [];
  const toggle = (id: string) => {
    const next = compared.includes(id) ? compared.filter((other) => other !== id) : [...compared, id];
    show({ chosen: next });
  };
  return (
    <aside class="sidebar" aria-label="Runs">
      <div class="sidebar-head">
        <h1>
          Runs <span class="note">{whole(rows.length)}</span>
        </h1>
        <Filter label="Filter runs" value={filter} onChange={(value) => show({ filter: value })} />
      </div>
      <ul class="runs">
        {listed.map((row) => {
          const place = rows.indexOf(row);
          const selected = comparing ? compared.includes(row.id) : row.id === current.value?.id;
          return (
            <li key={row.id}>
              <button
                type="button"
                class="run"
                aria-pressed={selected}
                title={names.value.get(row.id)}
                ref={row.id === current.value?.id ? reveal : undefined}
                onClick={() => {
                  if (comparing) toggle(row.id);
                  else show({ run: row.id, zoom: null, row: "", rows: "" });
                  if (!comparing) onChosen();
                }}
              >
                {comparing ? (
                  <span class={`swatch ${selected ? "on" : ""}`} style={{ "--run": runColour(place, dark.value) }} />
                ) : (
                  <LevelIcon level={row.verdict as Level} />
                )}
                <RunText row={row} />
              </button>
            </li>
          );
        })}
        {listed.length === 0 && <li class="note none">No run matches this filter.</li>}
      </ul>
    </aside>
  );
}

function RunText({ row }: { row: RunRow }) {
  const life = lifeOf(row, now.value);
  const found = [row.errors ? count(row.errors, "error") : "", row.warnings ? count(row.warnings, "warning") : ""]
    .filter(Boolean)
    .join(", ");
  const verdict = found || (row.verdict === "waiting" ? "waiting" : row.verdict === "error" ? "failed" : "healthy");
  return (
    <span class="run-text">
      <span class="run-name">
        <Name>{names.value.get(row.id)}</Name>
      </span>
      <span class="run-facts">
        <span class={`life life-${life}`}>{LIFE_WORDS[life].split(" ")[0]}</span> · {verdict}
      </span>
      <span class="run-facts">
        {ago(now.value - row.last_event_time)}
        {row.cost_share !== null && row.samples > 0 && <> · cost {costText(row)}</>}
      </span>
    </span>
  );
}
