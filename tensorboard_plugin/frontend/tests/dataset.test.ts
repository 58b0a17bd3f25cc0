import { describe, expect, it } from "vitest";
import {
  alertsOf,
  categoriesOf,
  classesOf,
  copiesText,
  leftOutText,
  pairsText,
  shownTables,
} from "../src/logic/dataset";
import type { DataColumnInPart, DataColumnRow, DataPartRow, DataTableRows, InputAlert } from "../src/types";

const part = (change: Partial<DataColumnInPart>): DataColumnInPart => ({
  part: "train",
  dtype: "string",
  values: 10,
  missing: 0,
  min: null,
  median: null,
  max: null,
  mean: null,
  std: null,
  quantiles: [],
  distinct: 0,
  categories: {},
  ...change,
});
const alert = (split: InputAlert["split"]): InputAlert => ({
  id: 1,
  rule: "rare-category",
  severity: "info",
  split,
  message: "",
});
const column = (name: string, alerts: InputAlert[] = []): DataColumnRow => ({ name, parts: [], alerts });
const table = (columns: DataColumnRow[], n_columns = columns.length): DataTableRows => ({
  name: "x",
  role: "input",
  shape: null,
  n_columns,
  columns,
  alerts: [],
});
const row = (change: Partial<DataPartRow>): DataPartRow => ({
  part: "train",
  examples: 200,
  n_bytes: 1,
  elapsed_s: 1,
  copies: 0,
  relabelled: 0,
  compared: 1,
  first: [],
  originals: [],
  overlaps: [],
  ...change,
});

describe("a data set", () => {
  it("shows the columns that match, or that have a finding", () => {
    const tables = [table([column("age"), column("city", [alert("train")])]), table([column("y")])];
    const names = (found: DataTableRows[]) => found.map(({ columns }) => columns.map(({ name }) => name));
    expect(names(shownTables(tables, "", false))).toEqual([["age", "city"], ["y"]]);
    expect(names(shownTables(tables, "", true))).toEqual([["city"]]);
    expect(names(shownTables(tables, "^A", false))).toEqual([["age"]]);
    expect(shownTables(tables, "none", false)).toEqual([]);
  });

  it("gives test data the alerts of prediction", () => {
    const alerts = [alert("train"), alert("predict")];
    expect(alertsOf(alerts, "test")).toEqual([alerts[1]]);
    expect(alertsOf(alerts, "train")).toEqual([alerts[0]]);
    expect(alertsOf(alerts, "validation")).toEqual([]);
  });

  it("orders categories by their largest share in any part, of the examples that have one", () => {
    const parts = [
      part({ values: 12, missing: 2, categories: { a: 6, b: 4 } }),
      part({ part: "validation", categories: { c: 9, a: 1 } }),
    ];
    expect(categoriesOf(parts)).toEqual([
      { name: "c", shares: [0, 0.9] },
      { name: "a", shares: [0.6, 0.1] },
      { name: "b", shares: [0.4, 0] },
    ]);
  });

  it("draws classes by their ids, if all are known", () => {
    const counts = { "10": 5, "2": 3, "-1": 2 };
    expect(classesOf([part({ distinct: 3, categories: counts })])?.map(({ name }) => name)).toEqual(["-1", "2", "10"]);
    expect(classesOf([part({ distinct: 4, categories: counts })])).toBeNull();
    expect(classesOf([part({ distinct: 2, categories: { a: 1, "1": 9 } })])).toBeNull();
    expect(classesOf([part({ distinct: 0, categories: {} })])).toBeNull();
  });

  it("says which examples are copies, and of which", () => {
    expect(copiesText(row({}))).toBe("none");
    expect(copiesText(row({ copies: 4, relabelled: 1 }))).toBe("4 (2 %), 1 with another target");
    expect(copiesText(row({ copies: 4, compared: 0.5 }))).toBe("about 4 (2 %)");
    expect(pairsText([3000, 3001], [0, 1], 2)).toBe("3,000 = 0, 3,001 = 1");
    expect(pairsText([3000], [0], 2)).toBe("3,000 = 0, …");
  });

  it("says what is left out", () => {
    expect(leftOutText(table([column("a")], 1), 1)).toBe("");
    expect(leftOutText(table([column("a")], 785), 1)).toBe("784 more columns without a finding");
  });
});
