// What is shown, as the hash of TensorBoard's address, so that a link opens the same view.

export type Axis = "step" | "relative" | "wall";
export const AXES: readonly Axis[] = ["step", "relative", "wall"];

/** Orders of the list of runs. */
export type Sort = "newest" | "worst" | "name";
export const SORTS: readonly Sort[] = ["newest", "worst", "name"];

export interface Shown {
  /** The `id` of a view; empty for the first one. */
  view: string;
  run: string;
  filter: string;
  chosen: string[];
  sort: Sort;
  /** Ids of runs that stay on top of the list. */
  pinned: string[];
  axis: Axis;
  log: boolean;
  smooth: number;
  table: "weights" | "layers";
  column: string;
  row: string;
  /** Filter of the layers and weights. */
  rows: string;
  zoom: [number, number] | null;
}

export const DEFAULTS: Shown = {
  view: "",
  run: "",
  filter: "",
  chosen: [],
  sort: "newest",
  pinned: [],
  axis: "step",
  log: false,
  smooth: 0,
  table: "weights",
  column: "",
  row: "",
  rows: "",
  zoom: null,
};

const PLUGIN = "inputdiag";

/** Parses a hash. Invalid parts keep their default. `views` are the ids of the views. */
export function parseHash(hash: string, views: readonly string[]): Shown {
  const shown: Shown = { ...DEFAULTS, chosen: [], pinned: [] };
  const [plugin, ...parts] = hash.replace(/^#/, "").split("&");
  if (plugin !== PLUGIN) return shown;
  for (const part of parts) {
    const at = part.indexOf("=");
    if (at < 0) continue;
    const name = part.slice(0, at);
    const value = decode(part.slice(at + 1));
    if (value === null) continue;
    if (name === "view" && views.includes(value)) shown.view = value;
    else if (name === "axis" && (AXES as readonly string[]).includes(value)) shown.axis = value as Axis;
    else if (name === "run" || name === "filter" || name === "column" || name === "row" || name === "rows")
      shown[name] = value;
    else if (name === "chosen" && value) shown.chosen.push(value);
    else if (name === "pinned" && value) shown.pinned.push(value);
    else if (name === "sort" && (SORTS as readonly string[]).includes(value)) shown.sort = value as Sort;
    else if (name === "log") shown.log = value === "1";
    else if (name === "table" && (value === "weights" || value === "layers")) shown.table = value;
    else if (name === "smooth" && Number(value) >= 0 && Number(value) < 1) shown.smooth = Number(value);
    else if (name === "zoom") shown.zoom = parseZoom(value);
  }
  return shown;
}

function parseZoom(text: string): [number, number] | null {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (!match) return null;
  const low = Number(match[1]);
  const high = Number(match[2]);
  return low < high ? [low, high] : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Formats a hash. Defaults are left out. */
export function formatHash(shown: Shown): string {
  const parts: string[] = [PLUGIN];
  const add = (name: string, value: string) => parts.push(`${name}=${encodeURIComponent(value)}`);
  if (shown.view !== DEFAULTS.view) add("view", shown.view);
  for (const name of ["run", "filter", "axis", "column", "row", "rows", "table", "sort"] as const) {
    if (shown[name] !== DEFAULTS[name]) add(name, shown[name]);
  }
  for (const id of shown.chosen) add("chosen", id);
  for (const id of shown.pinned) add("pinned", id);
  if (shown.log) add("log", "1");
  if (shown.smooth > 0) add("smooth", String(shown.smooth));
  if (shown.zoom) add("zoom", `${shown.zoom[0]}-${shown.zoom[1]}`);
  return `#${parts.join("&")}`;
}
