// One loop that keeps the list of runs and everything on the screen up to date.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { newestFirst, runNames } from "../logic/runs";
import type { RunRow, RunsAnswer } from "../types";
import { get, RouteError } from "./api";
import { now, part, show, shown } from "./shown";

const EVERY_MS = 2000;
const SLOWEST_MS = 10000;

/** Data of one run that is on the screen. */
export interface Followed {
  readonly id: string;
  /** Fetched first, because it is read first: it must not wait for curves. */
  readonly first?: boolean;
  /** Fetches what is new. Returns whether the server has more right now. */
  refresh(): Promise<boolean>;
  /** Drops its data, because the server has restarted. */
  reset(): void;
}

export const rows: Signal<ReadonlyMap<string, RunRow>> = signal(new Map());
export const loaded = signal(false);
/** Why the last request failed; empty if it succeeded. */
export const lost = signal("");
export const updated = signal(0);

export const sorted: ReadonlySignal<RunRow[]> = computed(() => [...rows.value.values()].sort(newestFirst));
export const names: ReadonlySignal<Map<string, string>> = computed(() => runNames(sorted.value));
/** The selected run: the one in the address if it exists, else the newest. */
export const current: ReadonlySignal<RunRow | undefined> = computed(
  () => rows.value.get(part.run.value) ?? sorted.value[0],
);

const followed = new Set<Followed>();
const fetched = new Map<Followed, number>();
const hungry = new Set<Followed>();
let server = "";
let revision = 0;
let offset = 0;
let failures = 0;
let timer = 0;
let running = false;

/** Keeps something up to date until the returned function is called. */
export function follow(item: Followed): () => void {
  followed.add(item);
  wake();
  return () => {
    followed.delete(item);
    fetched.delete(item);
    hungry.delete(item);
  };
}

/** Starts the next turn at once. */
export function wake(): void {
  if (running) return;
  clearTimeout(timer);
  timer = window.setTimeout(turn, 0);
}

function hidden(): boolean {
  // TensorBoard does not unload hidden tabs. They have no height.
  return document.hidden || window.innerHeight === 0;
}

async function turn(): Promise<void> {
  if (hidden()) {
    timer = window.setTimeout(turn, 500);
    return;
  }
  running = true;
  let soon = false;
  try {
    await refreshRuns();
    soon = await refreshFollowed();
    failures = 0;
    lost.value = "";
    updated.value = now.peek();
  } catch (error) {
    failures += 1;
    lost.value = error instanceof RouteError ? error.message : "TensorBoard does not answer.";
  }
  running = false;
  const pause = failures ? Math.min(SLOWEST_MS, EVERY_MS * failures) : soon ? 30 : EVERY_MS;
  timer = window.setTimeout(turn, pause);
}

async function refreshRuns(): Promise<void> {
  const answer = await get<RunsAnswer>("runs", { since: server ? revision : 0 });
  if (server && answer.server !== server) {
    server = "";
    revision = 0;
    for (const item of followed) item.reset();
    fetched.clear();
    return refreshRuns();
  }
  server = answer.server;
  revision = answer.revision;
  offset = answer.now - Date.now() / 1000;
  now.value = answer.now;
  if (answer.complete || answer.runs.length || answer.gone.length) {
    const next = new Map(answer.complete ? [] : rows.peek());
    for (const row of answer.runs) next.set(row.id, row);
    for (const id of answer.gone) next.delete(id);
    rows.value = next;
    // The newest run is selected once. The page does not switch when a newer run begins.
    const newest = sorted.peek()[0];
    if (!shown.peek().run && newest) show({ run: newest.id });
  }
  loaded.value = true;
}

async function refresh(item: Followed): Promise<boolean> {
  const at = rows.peek().get(item.id)?.revision ?? 0;
  const more = await item.refresh();
  if (!followed.has(item)) return false;
  fetched.set(item, at);
  if (more) hungry.add(item);
  else hungry.delete(item);
  return more;
}

async function refreshFollowed(): Promise<boolean> {
  const due = [...followed].filter((item) => {
    const row = rows.peek().get(item.id);
    return row !== undefined && (hungry.has(item) || fetched.get(item) !== row.revision);
  });
  const first = due.filter((item) => item.first && !fetched.has(item));
  const rest = due.filter((item) => !first.includes(item));
  const results = [...(await Promise.all(first.map(refresh))), ...(await Promise.all(rest.map(refresh)))];
  return results.some(Boolean) || [...followed].some((item) => !fetched.has(item) && rows.peek().has(item.id));
}

/** Starts the loop. */
export function start(): void {
  window.setInterval(() => {
    if (!hidden()) now.value = Date.now() / 1000 + offset;
  }, 1000);
  for (const event of ["visibilitychange", "focus", "resize"]) window.addEventListener(event, wake);
  wake();
}
