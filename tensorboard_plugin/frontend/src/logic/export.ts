// Charts as files.
import type { SeriesData } from "./series";

/** Returns a cell that spreadsheets never run as a formula. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export interface NamedSeries {
  run: string;
  curves: SeriesData;
}

/** Returns the curves as CSV: one line for each bucket, run and quantity. */
export function toCsv(all: readonly NamedSeries[]): string {
  const lines = ["run,quantity,step,last_step,wall_time,mean,min,max"];
  for (const { run, curves } of all) {
    for (const [key, curve] of Object.entries(curves.values)) {
      curves.step.forEach((step, i) => {
        const cells = [run, key, step, curves.last[i]!, curves.wall[i]!, curve.mean[i]!, curve.min[i]!, curve.max[i]!];
        lines.push(cells.map(csvCell).join(","));
      });
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Returns the curves as JSON. */
export function toJson(all: readonly NamedSeries[]): string {
  return `${JSON.stringify(all, null, 1)}\n`;
}

/** Returns a file name that is safe in file systems and shells. */
export function fileName(parts: readonly string[], ending: string): string {
  const base =
    parts
      .join("-")
      .replace(/[^A-Za-z0-9._-]+/g, "_")
      .replace(/^[._]+/, "")
      .slice(0, 80) || "inputdiag";
  return `${base}.${ending}`;
}
