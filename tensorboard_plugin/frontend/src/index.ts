// The entry point: TensorBoard's page imports this module and calls `render`.
import { render as draw, h } from "preact";
import { start } from "./state/live";
import { followAddress, followTheme } from "./state/shown";
import style from "./style.css";
import { App } from "./ui/App";
import { VIEWS } from "./ui/views";

export function render(): void {
  document.title = "Input Diagnostics";
  document.documentElement.lang = "en";
  const viewport = document.createElement("meta");
  viewport.name = "viewport";
  viewport.content = "width=device-width, initial-scale=1";
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(viewport, sheet);
  const root = document.createElement("div");
  root.id = "root";
  document.body.append(root);
  followTheme();
  followAddress(VIEWS.map((view) => view.id));
  draw(h(App, {}), root);
  start();
}
