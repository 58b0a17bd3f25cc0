// The views, in the order of their tabs. To add one, write its component and add a line here.
import type { FunctionComponent } from "preact";
import type { RunRow } from "../types";
import { Compare } from "./Compare";
import { DataSet } from "./DataSet";
import { Inputs } from "./Inputs";
import { Layers } from "./Layers";
import { Model } from "./Model";
import { Overview } from "./Overview";

/** A tab of the page: it shows one run, or compares several. `fits`: for which runs there is one; absent: for all. */
export type View = { id: string; title: string; fits?: (row: RunRow) => boolean } & (
  | { ofRun: FunctionComponent<{ row: RunRow }>; ofRuns?: never }
  | { ofRuns: FunctionComponent; ofRun?: never }
);

/** The first one opens first. */
export const VIEWS: readonly [View, ...View[]] = [
  { id: "overview", title: "Overview", ofRun: Overview },
  { id: "dataset", title: "Data set", ofRun: DataSet, fits: isDataCheck },
  { id: "inputs", title: "Inputs", ofRun: Inputs },
  { id: "layers", title: "Gradients and layers", ofRun: Layers, fits: (row) => !isDataCheck(row) },
  { id: "model", title: "Model", ofRun: Model },
  { id: "compare", title: "Compare", ofRuns: Compare },
];

/** A check of a whole data set has no steps. */
function isDataCheck(row: RunRow): boolean {
  return row.mode === "data";
}

/** Returns the views of a run. */
export function viewsOf(row: RunRow): View[] {
  return VIEWS.filter((view) => view.fits?.(row) ?? true);
}

/** Returns the view of a run with this id, or else its first one. */
export function viewOf(id: string, row: RunRow): View {
  return viewsOf(row).find((view) => view.id === id) ?? VIEWS[0];
}
