// The numbers of an alert as text.
import type { Examples, ShownExample } from "../types";
import { formatNumber, whole } from "./numbers";
import { visible } from "./text";

/** Returns the name of an evidence number as words. */
export function evidenceName(name: string): string {
  return visible(name)
    .replace(/_/g, " ")
    .replace(/\bstd\b/, "std. deviation");
}

/** Returns a value of the evidence as text, whatever it is. */
export function evidenceText(found: unknown): string {
  if (typeof found === "number") return Number.isInteger(found) ? whole(found) : formatNumber(found);
  if (found === "NaN" || found === "Infinity" || found === "-Infinity") return formatNumber(found);
  if (typeof found === "string") return visible(found);
  if (typeof found === "boolean") return found ? "yes" : "no";
  if (found === null || found === undefined) return "–";
  if (Array.isArray(found)) return found.length ? found.map(evidenceText).join(", ") : "none";
  return visible(JSON.stringify(found));
}

/** Returns which examples show an alert: their places in the batch and, if known, their rows in the data. */
export function examplesText({ batch, rows, step }: Examples): string {
  const shown = (places: number[]) => places.slice(0, 8).join(", ");
  const data = rows.length ? `, ${rows.length === 1 ? "row" : "rows"} ${shown(rows)} of the data` : "";
  return `${batch.length === 1 ? "Example" : "Examples"} ${shown(batch)} of the batch of step ${whole(step)}${data}`;
}

/** Returns which of an example's values are shown; nothing if all are. */
export function partOfExample({ values, first, size }: ShownExample): string {
  if (values.length >= size) return "";
  return `values ${whole(first)} to ${whole(first + values.length - 1)} of ${whole(size)}`;
}
