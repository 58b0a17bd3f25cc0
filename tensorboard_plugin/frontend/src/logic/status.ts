// Is a run alive, and is it healthy: the two questions of the first ten seconds.
import type { AlertRow, RunRow } from "../types";
import { count, duration, percent } from "./numbers";

export type Life = "live" | "silent" | "finished" | "stopped" | "crashed" | "interrupted";

/** Seconds without a word after which a run that has not ended is called silent. */
export const SILENT_AFTER_S = 90;

export function lifeOf(row: RunRow, now: number): Life {
  if (row.end === "failed") return "crashed";
  if (row.end === "finished" || row.end === "stopped" || row.end === "interrupted") return row.end;
  return now - row.heard > SILENT_AFTER_S ? "silent" : "live";
}

export const LIFE_WORDS: Record<Life, string> = {
  live: "Live",
  silent: "Silent",
  finished: "Finished",
  stopped: "Stopped by a rule",
  crashed: "Crashed",
  interrupted: "Interrupted",
};

export type Level = "error" | "warning" | "info" | "healthy" | "waiting";

export const LEVEL_WORDS: Record<Level, string> = {
  error: "Error",
  warning: "Warning",
  info: "Info",
  healthy: "Healthy",
  waiting: "Waiting",
};

const RANK: Record<Level, number> = { error: 0, warning: 1, info: 2, waiting: 3, healthy: 4 };

/** Sorts alerts: worst first, then the earliest. */
export function worstFirst(a: AlertRow, b: AlertRow): number {
  return RANK[a.severity] - RANK[b.severity] || a.alert.first_step - b.alert.first_step || a.alert.id - b.alert.id;
}

/** The verdict in one sentence. */
export function verdictTitle(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  if (life === "crashed" && row.samples === 0) return "Crashed before its first step";
  const found: string[] = [];
  if (row.errors) found.push(count(row.errors, "error"));
  if (row.warnings) found.push(count(row.warnings, "warning"));
  const lead = life === "crashed" ? `Crashed at step ${row.step.toLocaleString("en-US")}` : "";
  if (found.length) return (lead ? `${lead}: ` : "Needs attention: ") + found.join(" and ");
  if (lead) return lead;
  if (row.verdict === "waiting") return life === "live" ? "Waiting for the first sample" : "Nothing was sampled";
  return "Healthy";
}

/** What stands beside the verdict: what to do next. */
export function verdictText(row: RunRow, now: number): string {
  const silent =
    lifeOf(row, now) === "silent"
      ? ` Nothing was heard of it for ${duration(now - row.heard)}: it was killed, it is paused, or its steps take long.`
      : "";
  return whatToDo(row, now) + silent;
}

function whatToDo(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  const samples = count(row.samples, "sampled step");
  if (life === "crashed" && row.errors === 0) {
    return `No rule knows this exception; its message is below${row.warnings ? ", and what else was found" : ""}.`;
  }
  if (row.errors + row.warnings === 1) return "The alert below says what was seen and what to do.";
  if (row.errors || row.warnings) return "Start with the first one below: each says what was seen and what to do.";
  if (row.verdict === "waiting") {
    return life === "live"
      ? "Alerts appear here as soon as training starts. Nothing to do."
      : "The program ended, or was killed, before a step was sampled.";
  }
  const rest = [
    row.resolved ? `${count(row.resolved, "alert")} below no longer ${row.resolved === 1 ? "holds" : "hold"}.` : "",
    row.infos ? `${count(row.infos, "hint")} below may be worth a look.` : "",
  ].filter(Boolean);
  const found = row.resolved
    ? `Nothing is wrong any more, after ${samples}.`
    : `No rule found anything wrong in ${samples}.`;
  return [found, ...(rest.length ? rest : ["Nothing to do."])].join(" ");
}

/** Share of the time that watching takes while it runs; what is spent once, before the first step, is told apart. */
export function costOf(row: RunRow): number {
  const elapsed = row.elapsed_s - row.setup_s;
  return elapsed > 0 ? Math.max(0, row.spent_s - row.setup_s) / elapsed : NaN;
}

/** The same in words; `≥` where every step is sampled, so that there is none to compare with. */
export function costText(row: RunRow): string {
  const share = percent(costOf(row));
  return row.samples > 0 && Number.isFinite(costOf(row)) ? (row.cost_is_least ? `≥ ${share}` : share) : "–";
}

/** How a run ended, or how long it has been silent. */
export function lifeText(row: RunRow, now: number): string {
  const life = lifeOf(row, now);
  if (life === "silent") return `no word for ${duration(now - row.heard)}`;
  return LIFE_WORDS[life].toLowerCase();
}
