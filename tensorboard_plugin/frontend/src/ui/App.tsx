// The frame: runs at the left, views as tabs, and what to say while there is nothing to show.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ago } from "../logic/numbers";
import { current, loaded, lost, updated, wake } from "../state/live";
import { now, part, show } from "../state/shown";
import type { RunRow } from "../types";
import { Empty, Skeleton } from "./common";
import { RuleHelp } from "./RuleHelp";
import { Sidebar } from "./Sidebar";
import { type View, viewOf, viewsOf } from "./views";

export function App() {
  if (!loaded.value) {
    if (lost.value) return <NoServer />;
    return (
      <PageFrame>
        <Skeleton lines={4} tall />
      </PageFrame>
    );
  }
  const row = current.value;
  if (!row) {
    return (
      <PageFrame>
        <NoLogs />
      </PageFrame>
    );
  }
  return <Runs row={row} view={viewOf(part.view.value, row)} />;
}

function Runs({ row, view }: { row: RunRow; view: View }) {
  const [drawer, setDrawer] = useState(false);
  const close = () => setDrawer(false);
  useEffect(() => {
    if (!drawer) return undefined;
    const closeOnEscape = (event: KeyboardEvent) => event.key === "Escape" && close();
    window.addEventListener("keydown", closeOnEscape);
    return () => window.removeEventListener("keydown", closeOnEscape);
  }, [drawer]);
  return (
    <div class={`app ${drawer ? "drawer-open" : ""}`}>
      <Sidebar comparing={view.ofRuns !== undefined} onChosen={close} />
      <button
        type="button"
        class="veil"
        aria-label="Close the list of runs"
        tabIndex={drawer ? 0 : -1}
        onClick={close}
      />
      <main>
        <nav class="topbar">
          <button type="button" class="button runs-button" aria-expanded={drawer} onClick={() => setDrawer(!drawer)}>
            Runs
          </button>
          <Tabs row={row} view={view} />
        </nav>
        {lost.value && <Lost />}
        <div
          class="view"
          id="view"
          role="tabpanel"
          aria-labelledby={`tab-${view.id}`}
          key={view.ofRun ? `${view.id} ${row.id}` : view.id}
        >
          {view.ofRun ? <view.ofRun row={row} /> : <view.ofRuns />}
        </div>
      </main>
      <RuleHelp />
    </div>
  );
}

function Tabs({ row, view }: { row: RunRow; view: View }) {
  const views = viewsOf(row);
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={(event) => moveTab(event, views, view)}>
      {views.map(({ id, title }) => (
        <button
          type="button"
          key={id}
          role="tab"
          id={`tab-${id}`}
          aria-selected={id === view.id}
          aria-controls="view"
          tabIndex={id === view.id ? 0 : -1}
          onClick={() => show({ view: id })}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

/** Arrow keys move between tabs, as people who use the keyboard expect. */
function moveTab(event: KeyboardEvent, views: readonly View[], view: View): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!step) return;
  const next = views[(views.indexOf(view) + step + views.length) % views.length]!;
  show({ view: next.id });
  document.getElementById(`tab-${next.id}`)?.focus();
  event.preventDefault();
}

function PageFrame({ children }: { children: ComponentChildren }) {
  return (
    <div class="app lone">
      <main>
        <div class="view">{children}</div>
      </main>
    </div>
  );
}

function Lost() {
  const at = updated.value;
  return (
    <div class="lost" role="alert">
      <strong>Connection lost.</strong> {lost.value} The page shows the state{" "}
      {at ? `of ${ago(now.value - at)}` : "before that"}. Retrying every few seconds. Check in the terminal that{" "}
      <code>tensorboard</code> is still running.
      <button type="button" class="button small" onClick={wake}>
        Try now
      </button>
    </div>
  );
}

function NoServer() {
  return (
    <PageFrame>
      <Empty title="TensorBoard does not answer">
        <p>{lost.value}</p>
        <p>
          Retrying every few seconds. Check in the terminal that <code>tensorboard</code> is still running.
        </p>
        <button type="button" class="button" onClick={wake}>
          Try now
        </button>
      </Empty>
    </PageFrame>
  );
}

const SNIPPET = `from tb_inputdiag import InputDiagnostics

model.fit(x, y, callbacks=[InputDiagnostics("logs")])`;

function NoLogs() {
  return (
    <Empty title="No diagnosed run yet">
      <p>
        Add the callback to your training script and start TensorBoard on the same folder. The run then appears here.
      </p>
      <pre>{SNIPPET}</pre>
      <p class="note">
        If you have a run already, check that <code>--logdir</code> is the folder that you gave to the callback.
      </p>
    </Empty>
  );
}
