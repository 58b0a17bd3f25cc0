// Colours that are drawn on canvases, where style sheets do not reach. They equal those in style.css.
import type { Level } from "../logic/status";

export interface Palette {
  text: string;
  muted: string;
  grid: string;
  surface: string;
  accent: string;
  second: string;
  level: Record<Level, string>;
}

const LIGHT: Palette = {
  text: "#1d2129",
  muted: "#5a6170",
  grid: "#e8eaee",
  surface: "#ffffff",
  accent: "#1f6fb5",
  second: "#c4570c",
  level: { error: "#b3261e", warning: "#a15c00", info: "#1f6fb5", healthy: "#086e4e", waiting: "#5a6170" },
};

const DARK: Palette = {
  text: "#eceef2",
  muted: "#adb3bf",
  grid: "#41444b",
  surface: "#303237",
  accent: "#6db3f2",
  second: "#ffab5e",
  level: { error: "#ff8a80", warning: "#ffc04d", info: "#6db3f2", healthy: "#55d3a5", waiting: "#adb3bf" },
};

export function palette(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}
