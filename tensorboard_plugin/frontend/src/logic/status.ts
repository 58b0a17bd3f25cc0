// Texts for two questions: does the run go on, and is it healthy? The server decides; this module words it.
import type { AlertRow, RunRow } from "../types";
import { count, duration, percent, UNKNOWN, whole } from "./numbers";

export type Life = "running" | "silent" | "died" | "finished" | "stopped" | "failed" | "interrupted";

/** Returns the state of a run. Silence is measured here, because it grows between two answers of the server. */
export function lifeOf(row: RunRow, now: number): Life {
  if (row.end !== "") return row.end;
  return now - row.last_event_time > row.silent_after_s ? "silent" : "running";
}

export const LIFE_WORDS: Record<Life, string> = {
  running: "Running",
  silent: "Silent",
  died: "Died",
  finished: "Finished",
  stopped: "Stopped by a rule",
  failed: "Failed",
  interrupted: "Interrupted",
};

export type Level = RunRow["verdict"];

export const LEVEL_WORDS: Record<Level, string> = {
  error: "Error",
  warning: "Warning",
  info: "Info",
  healthy: "Healthy",
  waiting: "Waiting",
};

/** Sorts alerts or runs, worst first, by the order that the server gives them. */
export function byOrder(a: Pick<AlertRow | RunRow, "order">, b: Pick<AlertRow | RunRow, "order">): number {
  const place = a.order.findIndex((item, i) => item !== b.order[i]);
  return place < 0 ? 0 : a.order[place]! - b.order[place]!;
}

/** The verdict in one sentence. */
export function verdictTitle(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  if (life === "failed" && row.samples === 0) return "Failed before its first step";
  const found: string[] = [];
  if (row.errors) found.push(count(row.errors, "error"));
  if (row.warnings) found.push(count(row.warnings, "warning"));
  const lead = life === "failed" ? `Failed at step ${whole(row.step)}` : "";
  if (found.length) return (lead ? `${lead}: ` : "Needs attention: ") + found.join(" and ");
  if (lead) return lead;
  if (row.verdict === "waiting") return life === "running" ? "Waiting for the first sample" : "Nothing was sampled";
  return "Healthy";
}

/** The text beside the verdict: what to do next. */
export function verdictText(row: RunRow, now: number): string {
  const text = whatToDo(row, now);
  const life = lifeOf(row, now);
  if (life === "died") return `${text} The program was killed, or its machine stopped.`;
  if (life !== "silent") return text;
  const quiet = duration(now - row.last_event_time);
  return `${text} Nothing was logged for ${quiet}. The run was killed or is paused, or its steps take long.`;
}

function whatToDo(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  if (life === "failed" && row.errors === 0) {
    const more = row.warnings ? ", followed by what else was found" : "";
    return `No rule explains this exception. Its message is below${more}.`;
  }
  if (row.errors + row.warnings === 1) return "The alert below says what was seen and what to do.";
  if (row.errors || row.warnings) return "Start with the first alert below. Each says what was seen and what to do.";
  if (row.verdict === "waiting") {
    return life === "running"
      ? "Alerts appear here as soon as training starts. Nothing to do."
      : "The program ended or was killed before a step was sampled.";
  }
  return healthyText(row, life);
}

function healthyText(row: RunRow, life: Life): string {
  const samples = count(row.samples, "sampled step");
  const rest = [
    row.resolved ? `${count(row.resolved, "alert")} below no longer ${row.resolved === 1 ? "holds" : "hold"}.` : "",
    row.infos ? `${count(row.infos, "hint")} below may be worth a look.` : "",
  ].filter(Boolean);
  const found = row.resolved
    ? `Nothing is wrong any more, after ${samples}.`
    : `No rule found anything wrong in ${samples}.`;
  return [found, ...(rest.length || life === "died" ? rest : ["Nothing to do."])].join(" ");
}

/** Returns the cost of watching; `≥` if every step is sampled, so that there is no unsampled step to compare with. */
export function costText(row: RunRow): string {
  if (row.cost_share === null || row.samples === 0) return UNKNOWN;
  return `${row.cost_is_least ? "≥ " : ""}${percent(row.cost_share)}`;
}

/** Returns how a run ended, or how long it has been silent. */
export function lifeText(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  if (life === "silent") return `silent for ${duration(now - row.last_event_time)}`;
  return LIFE_WORDS[life].toLowerCase();
}

const BACKENDS = [
  ["tensorflow", "TensorFlow"],
  ["jax", "JAX"],
  ["torch", "PyTorch"],
] as const;

/** Returns the backend of Keras that a run trained on, null if the log does not name one. */
export function backendOf(versions: Record<string, string>): { name: string; version: string } | null {
  const found = BACKENDS.find(([key]) => key in versions);
  return found ? { name: found[1], version: versions[found[0]]! } : null;
}
