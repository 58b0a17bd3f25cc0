// The frame: runs at the left, views as tabs, and what to say while there is nothing to show.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { VIEWS, type View } from "../logic/hash";
import { ago } from "../logic/numbers";
import { current, loaded, lost, rows, updated, wake } from "../state/live";
import { now, show, shown } from "../state/shown";
import { Empty, Skeleton } from "./common";
import { Compare } from "./Compare";
import { Inputs } from "./Inputs";
import { Layers } from "./Layers";
import { Model } from "./Model";
import { Overview } from "./Overview";
import { RuleHelp } from "./RuleHelp";
import { Sidebar } from "./Sidebar";

const TITLES: Record<View, string> = {
  overview: "Overview",
  inputs: "Inputs",
  layers: "Gradients and layers",
  model: "Model",
  compare: "Compare",
};

export function App() {
  const [drawer, setDrawer] = useState(false);
  if (!loaded.value) return lost.value ? <NoServer /> : <Frame><Skeleton lines={4} tall /></Frame>;
  if (rows.value.size === 0) return <Frame><NoLogs /></Frame>;
  const row = current.value!;
  const { view } = shown.value;
  return (
    <div class={`app ${drawer ? "drawer-open" : ""}`} onKeyDown={(event) => drawer && event.key === "Escape" && setDrawer(false)}>
      <Sidebar onChosen={() => setDrawer(false)} />
      <button type="button" class="veil" aria-label="Close the list of runs" tabIndex={drawer ? 0 : -1} onClick={() => setDrawer(false)} />
      <main>
        <nav class="topbar">
          <button type="button" class="button runs-button" aria-expanded={drawer} onClick={() => setDrawer(!drawer)}>Runs</button>
          <div class="tabs" role="tablist" aria-label="Views" onKeyDown={moveTab}>
            {VIEWS.map((name) => (
              <button
                type="button" key={name} role="tab" id={`tab-${name}`} aria-selected={name === view} aria-controls="view"
                tabIndex={name === view ? 0 : -1} onClick={() => show({ view: name })}
              >
                {TITLES[name]}
              </button>
            ))}
          </div>
        </nav>
        {lost.value && <Lost />}
        <div class="view" id="view" role="tabpanel" aria-labelledby={`tab-${view}`} key={view === "compare" ? "compare" : `${view} ${row.id}`}>
          {view === "overview" && <Overview row={row} />}
          {view === "inputs" && <Inputs row={row} />}
          {view === "layers" && <Layers row={row} />}
          {view === "model" && <Model row={row} />}
          {view === "compare" && <Compare />}
        </div>
      </main>
      <RuleHelp />
    </div>
  );
}

/** Arrow keys move between tabs, as people who use the keyboard expect. */
function moveTab(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!step) return;
  const next = VIEWS[(VIEWS.indexOf(shown.peek().view) + step + VIEWS.length) % VIEWS.length]!;
  show({ view: next });
  document.getElementById(`tab-${next}`)?.focus();
  event.preventDefault();
}

function Frame({ children }: { children: ComponentChildren }) {
  return <div class="app lone"><main><div class="view">{children}</div></main></div>;
}

function Lost() {
  const at = updated.value;
  return (
    <div class="lost" role="alert">
      <strong>Connection lost.</strong> {lost.value} What you see is from {at ? ago(now.value - at) : "before"}. It is
      tried again every few seconds; see in the terminal whether <code>tensorboard</code> still runs.
      <button type="button" class="button small" onClick={wake}>Try now</button>
    </div>
  );
}

function NoServer() {
  return (
    <Frame>
      <Empty title="TensorBoard does not answer">
        <p>{lost.value}</p>
        <p>See in the terminal whether <code>tensorboard</code> still runs. This page tries again every few seconds.</p>
        <button type="button" class="button" onClick={wake}>Try now</button>
      </Empty>
    </Frame>
  );
}

const SNIPPET = `from tb_inputdiag import InputDiagnostics

model.fit(x, y, callbacks=[InputDiagnostics("logs")])`;

function NoLogs() {
  return (
    <Empty title="No diagnosed run yet">
      <p>Add the callback to your training, and start TensorBoard on the same folder. The run appears here by itself.</p>
      <pre>{SNIPPET}</pre>
      <p class="note">Is a run there already? Then compare the folder given to <code>--logdir</code> with the one given to the callback.</p>
    </Empty>
  );
}
