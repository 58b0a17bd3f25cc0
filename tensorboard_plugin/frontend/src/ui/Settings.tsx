// Settings of the charts: axis, scale, smoothing, zoom.
import { AXES, type Axis } from "../logic/hash";
import { whole } from "../logic/numbers";
import { part, show } from "../state/shown";
import { Choice } from "./common";

const NAMES: Record<Axis, string> = { step: "Step", relative: "Relative", wall: "Wall time" };

export function Settings() {
  const axis = part.axis.value;
  const log = part.log.value;
  const smooth = part.smooth.value;
  const zoom = part.zoom.value;
  return (
    <div class="settings">
      {zoom && (
        <button type="button" class="button small zoomed" onClick={() => show({ zoom: null })}>
          Steps {whole(zoom[0])} – {whole(zoom[1])} <span aria-hidden="true">✕</span>
          <span class="offscreen">: show all</span>
        </button>
      )}
      <Choice
        label="Horizontal axis"
        value={axis}
        options={AXES.map((a) => [a, NAMES[a]] as const)}
        onChange={(value) => show({ axis: value })}
      />
      <label class="toggle">
        <input type="checkbox" checked={log} onChange={(event) => show({ log: event.currentTarget.checked })} />
        Log scale
      </label>
      <label class="slider">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.98"
          step="0.02"
          value={smooth}
          onInput={(event) => show({ smooth: Number(event.currentTarget.value) })}
        />
        <output>{smooth.toFixed(2)}</output>
      </label>
    </div>
  );
}
