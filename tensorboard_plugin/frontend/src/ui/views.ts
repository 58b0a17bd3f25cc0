// The views, in the order of their tabs. To add one, write its component and add a line here.
import type { FunctionComponent } from "preact";
import type { RunRow } from "../types";
import { Compare } from "./Compare";
import { Inputs } from "./Inputs";
import { Layers } from "./Layers";
import { Model } from "./Model";
import { Overview } from "./Overview";

/** A tab of the page: it shows one run, or compares several. */
export type View = { id: string; title: string } & (
  | { ofRun: FunctionComponent<{ row: RunRow }>; ofRuns?: never }
  | { ofRuns: FunctionComponent; ofRun?: never }
);

/** The first one opens first. */
export const VIEWS: readonly [View, ...View[]] = [
  { id: "overview", title: "Overview", ofRun: Overview },
  { id: "inputs", title: "Inputs", ofRun: Inputs },
  { id: "layers", title: "Gradients and layers", ofRun: Layers },
  { id: "model", title: "Model", ofRun: Model },
  { id: "compare", title: "Compare", ofRuns: Compare },
];

/** Returns the view with this id, or else the first one. */
export function viewOf(id: string): View {
  return VIEWS.find((view) => view.id === id) ?? VIEWS[0];
}
