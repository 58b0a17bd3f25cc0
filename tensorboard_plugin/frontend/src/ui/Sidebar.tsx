// The list of runs: verdict, state, cost of watching.

import { useState } from "preact/hooks";
import { SORTS, type Sort } from "../logic/hash";
import { ago, count, whole } from "../logic/numbers";
import { comparedIds, listedRuns, runColour } from "../logic/runs";
import { costText, type Level, LIFE_WORDS, lifeOf } from "../logic/status";
import { current, names, sorted } from "../state/live";
import { dark, now, show, shown } from "../state/shown";
import type { RunRow } from "../types";
import { Choice, Filter, Name } from "./common";
import { LevelIcon, PinIcon } from "./icons";

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

/** Rows in the list at first, and more of them with each click: thousands of buttons would be slow. */
const PAGE = 100;
const SORT_WORDS: Record<Sort, string> = { newest: "Newest", worst: "Worst", name: "Name" };

export function Sidebar({ comparing, onChosen }: Props) {
  const { filter, chosen, sort, pinned } = shown.value;
  const [pages, setPages] = useState(1);
  const rows = sorted.value;
  const listed = listedRuns(rows, names.value, shown.value);
  const places = new Map(rows.map((row, place) => [row.id, place]));
  const selected = listed.findIndex((row) => row.id === current.value?.id);
  const most = Math.max(pages * PAGE, selected < 0 || comparing ? 0 : selected + 1);
  const compared = comparing ? comparedIds(rows, chosen, filter) : [];
  const toggle = (id: string) => {
    const next = compared.includes(id) ? compared.filter((other) => other !== id) : [...compared, id];
    show({ chosen: next });
  };
  return (
    <aside class="sidebar" aria-label="Runs">
      <div class="sidebar-head">
        <h1>
          Runs{" "}
          <span class="note">
            {listed.length < rows.length ? `${whole(listed.length)} of ${whole(rows.length)}` : whole(rows.length)}
          </span>
        </h1>
        <Filter label="Filter runs" value={filter} onChange={(value) => show({ filter: value })} />
        {rows.length > 1 && (
          <Choice
            label="Order of the runs"
            value={sort}
            options={SORTS.map((name) => [name, SORT_WORDS[name]] as const)}
            onChange={(value) => show({ sort: value })}
          />
        )}
      </div>
      <ul class="runs">
        {listed.slice(0, most).map((row) => (
          <RunItem
            key={row.id}
            row={row}
            place={places.get(row.id)!}
            comparing={comparing}
            selected={comparing ? compared.includes(row.id) : row.id === current.value?.id}
            pinned={pinned.includes(row.id)}
            onClick={() => {
              if (comparing) toggle(row.id);
              else show({ run: row.id, zoom: null, row: "", rows: "" });
              if (!comparing) onChosen();
            }}
          />
        ))}
        {listed.length === 0 && <li class="note none">No run matches this filter.</li>}
      </ul>
      {listed.length > most && (
        <button type="button" class="button small more" onClick={() => setPages(Math.ceil(most / PAGE) + 1)}>
          Show {whole(Math.min(PAGE, listed.length - most))} more of {whole(listed.length - most)}
        </button>
      )}
    </aside>
  );
}

interface ItemProps {
  row: RunRow;
  /** Its place among all runs, newest first, which gives its colour. */
  place: number;
  comparing: boolean;
  selected: boolean;
  pinned: boolean;
  onClick: () => void;
}

function RunItem({ row, place, comparing, selected, pinned, onClick }: ItemProps) {
  const name = names.value.get(row.id);
  return (
    <li class={pinned ? "pinned" : ""}>
      <button
        type="button"
        class="run"
        aria-pressed={selected}
        title={name}
        ref={row.id === current.value?.id ? reveal : undefined}
        onClick={onClick}
      >
        {comparing ? (
          <span class={`swatch ${selected ? "on" : ""}`} style={{ "--run": runColour(place, dark.value) }} />
        ) : (
          <LevelIcon level={row.verdict as Level} />
        )}
        <RunText row={row} />
      </button>
      <button
        type="button"
        class="pin"
        aria-pressed={pinned}
        aria-label={`Pin ${name}`}
        title={pinned ? "Pinned to the top of the list. Click to undo." : "Pin to the top of the list"}
        onClick={() => togglePin(row.id)}
      >
        <PinIcon />
      </button>
    </li>
  );
}

function togglePin(id: string): void {
  const { pinned } = shown.peek();
  show({ pinned: pinned.includes(id) ? pinned.filter((other) => other !== id) : [...pinned, id] });
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
