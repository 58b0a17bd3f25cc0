// Names, colours and the filter of runs.
import type { RunRow } from "../types";
import type { Shown, Sort } from "./hash";
import { byOrder } from "./status";
import { visible } from "./text";

// Ten colours that stay distinguishable with a colour vision deficiency, on white and on dark grey.
const LIGHT = [
  "#1f6fb5",
  "#c4570c",
  "#0a7d5a",
  "#a8327d",
  "#7a5a00",
  "#5b4bb5",
  "#b3261e",
  "#00767f",
  "#6b6b6b",
  "#4d7c0f",
];
const DARK = [
  "#6db3f2",
  "#ffab5e",
  "#55d3a5",
  "#f29ad0",
  "#e0c04f",
  "#b3a7ff",
  "#ff9187",
  "#5fd0da",
  "#c4c4c4",
  "#a7d35a",
];

/** Returns the colour of the run at this place in the list. */
export function runColour(place: number, dark: boolean): string {
  const list = dark ? DARK : LIGHT;
  return list[place % list.length]!;
}

/** Returns a regular expression, or an error text for one that does not compile. */
export function compileFilter(text: string): { test: (name: string) => boolean; error: string } {
  if (!text) return { test: () => true, error: "" };
  try {
    const expression = new RegExp(text, "i");
    return { test: (name) => expression.test(name), error: "" };
  } catch {
    return { test: () => true, error: "This is not a regular expression; all are shown." };
  }
}

/** Returns id -> the name to show. Sessions of the same run get their time, workers their number. */
export function runNames(rows: readonly RunRow[]): Map<string, string> {
  const sessions = new Map<string, number>();
  for (const row of rows) sessions.set(row.run, (sessions.get(row.run) ?? 0) + 1);
  const names = new Map<string, string>();
  for (const row of rows) {
    const worker = row.workers > 1 ? ` · worker ${row.worker}` : "";
    const base = row.run === "." ? row.mode : row.run;
    const alone = sessions.get(row.run) === 1 && row.run !== ".";
    names.set(row.id, visible(base) + (alone ? "" : ` · ${sessionTime(row)}`) + worker);
  }
  return names;
}

/** Returns the start of a session as short text. */
export function sessionTime(row: RunRow): string {
  if (!row.started) return row.session;
  const at = new Date(row.started * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const month = at.toLocaleString("en-GB", { month: "short" });
  return `${at.getDate()} ${month} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Newest first. */
export function newestFirst(a: RunRow, b: RunRow): number {
  return b.started - a.started || a.id.localeCompare(b.id);
}

/** Returns a comparison of runs for an order of the list. Among equal ones, the newest comes first. */
export function comparison(sort: Sort): (a: RunRow, b: RunRow) => number {
  if (sort === "name") {
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    return (a, b) => compare(a.run, b.run) || newestFirst(a, b);
  }
  if (sort === "worst") return (a, b) => byOrder(a, b) || newestFirst(a, b);
  return newestFirst;
}

/** Returns the runs that the filter admits, in order; the pinned ones come first, whatever the filter. */
export function listedRuns(
  rows: readonly RunRow[],
  names: ReadonlyMap<string, string>,
  { filter, sort, pinned }: Pick<Shown, "filter" | "sort" | "pinned">,
): RunRow[] {
  const { test } = compileFilter(filter);
  const kept = new Set(pinned);
  const listed = rows.filter((row) => kept.has(row.id) || test(names.get(row.id) ?? row.id));
  const compare = comparison(sort);
  return listed.sort((a, b) => Number(kept.has(b.id)) - Number(kept.has(a.id)) || compare(a, b));
}

/** Returns the runs to compare: the chosen ones, or else the ten newest that the filter admits. */
export function comparedIds(rows: readonly RunRow[], chosen: readonly string[], filter: string): string[] {
  const { test } = compileFilter(filter);
  const listed = rows.filter((row) => test(row.run) || test(row.id));
  const taken = chosen.filter((id) => rows.some((row) => row.id === id));
  return taken.length ? taken : listed.slice(0, 10).map((row) => row.id);
}
