// The list of runs: verdict, state, cost of watching.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { SORTS, type Sort } from "../logic/hash";
import { ago, count, whole } from "../logic/numbers";
import { comparedIds, listedRuns, runColour } from "../logic/runs";
import { costText, type Level, LIFE_WORDS, lifeOf } from "../logic/status";
import { current, names, sorted } from "../state/live";
import { dark, now, part, show, shown } from "../state/shown";
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

/** Rows that are drawn together. Only those in sight, or nearly, are drawn: thousands of buttons would be slow. */
const BLOCK = 12;
/** Height of a row that was never drawn, in pixels. */
const ROW_PX = 72;
/** How far out of sight rows are drawn, so that nobody who scrolls sees them appear. */
const NEARLY = "400px 0px";
const SORT_WORDS: Record<Sort, string> = { newest: "Newest", worst: "Worst", name: "Name" };

export function Sidebar({ comparing, onChosen }: Props) {
  const filter = part.filter.value;
  const chosen = part.chosen.value;
  const sort = part.sort.value;
  const pinned = part.pinned.value;
  const rows = sorted.value;
  const listed = listedRuns(rows, names.value, { filter, sort, pinned });
  const places = new Map(rows.map((row, place) => [row.id, place]));
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
      <div class="runs">
        {blocks(listed).map((block, at) => (
          <Block
            key={at}
            size={block.length}
            wanted={at === 0 || block.some((row) => row.id === current.value?.id)}
            rows={() =>
              block.map((row) => (
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
              ))
            }
          />
        ))}
        {listed.length === 0 && <p class="note none">No run matches this filter.</p>}
      </div>
    </aside>
  );
}

function blocks(rows: readonly RunRow[]): RunRow[][] {
  return Array.from({ length: Math.ceil(rows.length / BLOCK) }, (_, at) => rows.slice(at * BLOCK, (at + 1) * BLOCK));
}

interface BlockProps {
  size: number;
  /** Drawn until it was out of sight once more, because it is on top or has the selected run. */
  wanted: boolean;
  rows: () => ComponentChildren;
}

/** Rows that are drawn while they are in sight, or nearly. Otherwise there is a gap of their height. */
function Block({ size, wanted, rows }: BlockProps) {
  const list = useRef<HTMLUListElement>(null);
  const [drawn, setDrawn] = useState(wanted);
  const rowHeight = useRef(ROW_PX);
  useEffect(() => {
    if (wanted) setDrawn(true);
  }, [wanted]);
  useEffect(() => {
    const element = list.current!;
    const observer = new IntersectionObserver(
      (entries) => {
        const { isIntersecting, boundingClientRect } = entries.at(-1)!;
        // TensorBoard hides a tab by giving it no height.
        if (!isIntersecting && boundingClientRect.height && element.childElementCount) {
          rowHeight.current = boundingClientRect.height / element.childElementCount;
        }
        setDrawn(isIntersecting);
      },
      { root: element.closest(".runs"), rootMargin: NEARLY },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <ul ref={list} style={drawn ? undefined : { height: `${size * rowHeight.current}px` }}>
      {drawn && rows()}
    </ul>
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
