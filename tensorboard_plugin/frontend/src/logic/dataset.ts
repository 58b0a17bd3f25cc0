// The columns of a data set: which ones are shown, and their categories in all parts.
import type { DataColumnInPart, DataColumnRow, DataPartRow, DataTableRows, InputAlert } from "../types";
import { count, percent, whole } from "./numbers";
import { compileFilter } from "./runs";

export type PartName = DataPartRow["part"];

export const PARTS: Record<PartName, string> = { train: "train", validation: "validation", test: "test" };
/** The colours of the parts are those of the splits: test data is what a model is asked to predict. */
export const PART_CLASSES: Record<PartName, string> = {
  train: "split-train",
  validation: "split-validation",
  test: "split-predict",
};

/** Returns the alerts of one part. */
export function alertsOf(alerts: readonly InputAlert[], part: PartName): InputAlert[] {
  return alerts.filter((alert) => alert.split === (part === "test" ? "predict" : part));
}

/** Returns the tables with the columns whose name matches, or that have an alert. */
export function shownTables(tables: readonly DataTableRows[], filter: string, marked: boolean): DataTableRows[] {
  const { test } = compileFilter(filter);
  const shown = (column: DataColumnRow) => test(column.name) && (!marked || column.alerts.length > 0);
  return tables
    .map((table) => ({ ...table, columns: table.columns.filter(shown) }))
    .filter((table) => table.columns.length > 0);
}

export interface Category {
  name: string;
  /** The share of the examples in each part, in the order of the parts. */
  shares: number[];
}

/** Returns the categories in all parts, the most frequent in any part first. */
export function categoriesOf(parts: readonly DataColumnInPart[]): Category[] {
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.categories)))];
  const share = (part: DataColumnInPart, name: string) =>
    (part.categories[name] ?? 0) / Math.max(part.values - part.missing, 1);
  const all = names.map((name) => ({ name, shares: parts.map((part) => share(part, name)) }));
  return all.sort((a, b) => Math.max(...b.shares) - Math.max(...a.shares));
}

/** Returns the categories in the order of their ids if they are ids of classes, all of them known; else null. */
export function classesOf(parts: readonly DataColumnInPart[]): Category[] | null {
  const all = categoriesOf(parts);
  const complete = parts.every((part) => part.distinct > 0 && part.distinct <= all.length);
  if (!complete || all.length < 2 || !all.every(({ name }) => /^-?\d+$/.test(name))) return null;
  return all.sort((a, b) => Number(a.name) - Number(b.name));
}

/** Returns how many examples are copies, and of which. */
export function copiesText(row: DataPartRow): string {
  if (!row.copies) return "none";
  const about = row.compared < 1 ? "about " : "";
  const other = row.relabelled ? `, ${whole(row.relabelled)} with another target` : "";
  return `${about}${whole(row.copies)} (${percent(row.copies / Math.max(row.examples, 1))})${other}`;
}

/** Returns pairs of equal examples: `3,000 = 0, 3,001 = 1, ...`. */
export function pairsText(examples: readonly number[], originals: readonly number[], total: number): string {
  const pairs = examples.map((example, i) => `${whole(example)} = ${whole(originals[i] ?? 0)}`).join(", ");
  return total > examples.length ? `${pairs}, …` : pairs;
}

/** Returns what the table leaves out. */
export function leftOutText(table: DataTableRows, shown: number): string {
  const left = table.n_columns - shown;
  return left > 0 ? `${count(left, "more column")} without a finding` : "";
}
