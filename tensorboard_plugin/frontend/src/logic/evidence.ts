// The numbers of an alert as text.
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
