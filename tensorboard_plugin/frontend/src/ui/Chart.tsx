// A chart of curves: zoom by dragging, values on hover, alerts marked, to be saved as CSV, JSON and PNG.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { beyond, type ChartLine, nearest, positions, stepAt } from "../logic/chart";
import { fileName, toCsv, toJson } from "../logic/export";
import type { Axis } from "../logic/hash";
import { duration, formatNumber, whole } from "../logic/numbers";
import { dark, part, show } from "../state/shown";
import { download } from "./common";
import { palette } from "./palette";
import { draw, type Frame, type Marker, markerPlace, type PlotPicture } from "./plot";

interface Props {
  title: string;
  note?: string;
  lines: readonly ChartLine[];
  markers?: readonly Marker[];
  /** Steps at which a later `fit` begins. */
  fits?: readonly number[];
  log?: boolean;
  comparing?: boolean;
  height?: number;
}

const MOST_ROWS = 8;
const NO_MARKERS: readonly Marker[] = [];
const NO_FITS: readonly number[] = [];

/** Position of the mouse on the common axis. All charts show it. */
const pointed = signal<{ x: number; chart: string } | null>(null);

export function axisText(value: number, axis: Axis): string {
  if (axis === "step") return `step ${whole(value)}`;
  if (axis === "relative") return `after ${duration(value)}`;
  return new Date(value * 1000).toLocaleString("en-GB");
}

export function Chart(props: Props) {
  const axis = part.axis.value;
  const smooth = part.smooth.value;
  const zoom = part.zoom.value;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [frame, setFrame] = useState<Frame | null>(null);
  const [mouse, setMouse] = useState<number | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const height = props.height ?? 220;
  const picture: PlotPicture = {
    lines: props.lines,
    markers: props.markers ?? NO_MARKERS,
    fits: props.fits ?? NO_FITS,
    axis,
    zoom,
    log: props.log === true,
    weight: smooth,
    comparing: props.comparing === true,
    palette: palette(dark.value),
  };

  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 0));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width > 0) setFrame(draw(canvas.current!, picture, width, height));
  }, [
    props.lines,
    props.markers,
    props.fits,
    axis,
    zoom,
    props.log,
    props.comparing,
    smooth,
    dark.value,
    width,
    height,
  ]);

  const point = (pixel: number | null) => {
    setMouse(pixel);
    pointed.value = pixel === null || !frame ? null : { x: frame.at(pixel), chart: props.title };
  };
  const within = (event: MouseEvent) => {
    const x = event.clientX - box.current!.getBoundingClientRect().left;
    return frame ? Math.min(frame.left + frame.width, Math.max(frame.left, x)) : x;
  };
  const release = () => {
    if (drag && frame && Math.abs(drag[1] - drag[0]) > 5) zoomTo(picture, frame, Math.min(...drag), Math.max(...drag));
    setDrag(null);
  };
  const other = pointed.value && pointed.value.chart !== props.title && frame ? frame.px(pointed.value.x) : null;
  const cursor =
    mouse ?? (other !== null && frame && other >= frame.left && other <= frame.left + frame.width ? other : null);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        {props.note && <span class="note">{props.note}</span>}
        {props.lines.length > 1 && props.lines.length <= MOST_ROWS && (
          <span class="legend">
            {props.lines.map((line) => (
              <span key={line.key}>
                <i style={{ background: line.colour }} />
                {line.label}
              </span>
            ))}
          </span>
        )}
        <span class="chart-tools">
          <Save title={props.title} lines={props.lines} canvas={() => canvas.current} />
        </span>
      </figcaption>
      <div
        class="plot"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move along the chart.
        tabIndex={0}
        role="img"
        aria-label={describe(props, axis)}
        style={{ height: `${height}px` }}
        onMouseMove={(event) => {
          point(within(event));
          if (drag) setDrag([drag[0], within(event)]);
        }}
        onMouseLeave={() => {
          point(null);
          setDrag(null);
        }}
        onMouseDown={(event) => {
          if (event.button === 0) setDrag([within(event), within(event)]);
        }}
        onMouseUp={release}
        onDblClick={() => show({ zoom: null })}
        onKeyDown={(event) => frame && keyboard(event, picture, frame, mouse, point)}
        onBlur={() => point(null)}
      >
        <canvas ref={canvas} style={{ width: "100%", height: `${height}px` }} />
        {frame && <Beyond picture={picture} frame={frame} />}
        {!frame && <p class="plot-empty">No values yet</p>}
        {frame && cursor !== null && (
          <span class="cursor" style={{ left: `${cursor}px`, top: `${frame.top}px`, height: `${frame.height}px` }} />
        )}
        {frame && drag && (
          <span
            class="drawn"
            style={{
              left: `${Math.min(...drag)}px`,
              width: `${Math.abs(drag[1] - drag[0])}px`,
              top: `${frame.top}px`,
              height: `${frame.height}px`,
            }}
          />
        )}
        {frame && mouse !== null && <Tip picture={picture} frame={frame} pixel={mouse} width={width} />}
      </div>
    </figure>
  );
}

/** Names the curves that leave the chart. Beside a run that explodes, all others would be flat. */
function Beyond({ picture, frame }: { picture: PlotPicture; frame: Frame }) {
  // Computed once for each drawing, because the chart renders again whenever the mouse moves.
  const out = useMemo(() => {
    const x: [number, number] = [frame.at(frame.left), frame.at(frame.left + frame.width)];
    return picture.log || !picture.comparing ? null : beyond(picture.lines, picture.axis, x, [frame.low, frame.high]);
  }, [frame]);
  const first = out?.lines[0];
  if (!out || !first) return null;
  const who = out.lines.length === 1 ? first.label : `${whole(out.lines.length)} runs`;
  return (
    <span class={`plot-beyond ${out.value < 0 ? "below" : ""}`} title="The log scale shows all of it">
      {out.value < 0 ? "↓" : "↑"} {who}, to {formatNumber(out.value, 3)}
    </span>
  );
}

function describe(props: Props, axis: Axis): string {
  const parts = props.lines.slice(0, 6).map((line) => {
    const mean = line.curves.values[line.quantity]?.mean ?? [];
    const last = mean.length - 1;
    return `${line.label}: ${formatNumber(mean[0] ?? NaN)} at first, ${formatNumber(mean[last] ?? NaN)} at step ${whole(line.curves.step[last] ?? 0)}`;
  });
  const keys = "Arrow keys move, plus and minus zoom, Escape shows all.";
  return `${props.title} over ${axis === "step" ? "steps" : "time"}. ${parts.join("; ")}. ${keys}`;
}

function Tip({ picture, frame, pixel, width }: { picture: PlotPicture; frame: Frame; pixel: number; width: number }) {
  const x = frame.at(pixel);
  const rows = picture.lines.map((line) => {
    const curve = line.curves.values[line.quantity];
    const at = nearest(positions(line, picture.axis), x);
    const mean = curve?.mean[at] ?? null;
    const [low, high] = [curve?.min[at] ?? null, curve?.max[at] ?? null];
    const span =
      low !== null && high !== null && low !== high ? `  (${formatNumber(low, 3)} … ${formatNumber(high, 3)})` : "";
    return { line, mean, text: mean === null ? (curve?.bad[at] ? "not finite" : "–") : formatNumber(mean) + span };
  });
  if (rows.length > MOST_ROWS) rows.sort((a, b) => (b.mean ?? -Infinity) - (a.mean ?? -Infinity));
  const marks = picture.markers.filter((marker) => {
    const place = markerPlace(picture, frame, marker);
    return place !== null && Math.abs(place - pixel) < 7;
  });
  return (
    <div class={`tip ${pixel > width * 0.6 ? "to-left" : ""}`} style={{ left: `${pixel}px`, top: `${frame.top}px` }}>
      <div class="tip-head">{axisText(x, picture.axis)}</div>
      {rows.slice(0, MOST_ROWS).map(({ line, text }) => (
        <div class="tip-row" key={line.key}>
          <i style={{ background: line.colour }} />
          <span class="tip-label">{line.label}</span>
          <b>{text}</b>
        </div>
      ))}
      {rows.length > MOST_ROWS && <div class="note">and {rows.length - MOST_ROWS} lower ones</div>}
      {marks.slice(0, 3).map((mark) => (
        <div class={`tip-mark level-${mark.level}`} key={mark.text}>
          {mark.text}
        </div>
      ))}
    </div>
  );
}

function Save({
  title,
  lines,
  canvas,
}: {
  title: string;
  lines: readonly ChartLine[];
  canvas: () => HTMLCanvasElement | null;
}) {
  const all = () =>
    lines.map((line) => {
      const curve = line.curves.values[line.quantity];
      return { run: line.label, curves: { ...line.curves, values: curve ? { [line.quantity]: curve } : {} } };
    });
  const menu = useRef<HTMLDetailsElement>(null);
  const save = (ending: string, content: Blob) => {
    menu.current!.open = false;
    download(fileName([title], ending), content);
  };
  const png = () => {
    const drawn = canvas();
    if (!drawn) return;
    const copy = document.createElement("canvas");
    copy.width = drawn.width;
    copy.height = drawn.height;
    const context = copy.getContext("2d")!;
    context.fillStyle = palette(dark.peek()).surface;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(drawn, 0, 0);
    copy.toBlob((blob) => blob && save("png", blob));
  };
  return (
    <details class="menu" ref={menu} onFocusOut={leaveMenu} onKeyDown={closeMenu}>
      <summary aria-label={`Save “${title}”`} title="Save">
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 2v8M4.8 7L8 10.2 11.2 7M3 13.5h10" />
        </svg>
      </summary>
      <div class="menu-list">
        <button type="button" onClick={() => save("csv", new Blob([toCsv(all())], { type: "text/csv" }))}>
          CSV
        </button>
        <button type="button" onClick={() => save("json", new Blob([toJson(all())], { type: "application/json" }))}>
          JSON
        </button>
        <button type="button" onClick={png}>
          PNG
        </button>
      </div>
    </details>
  );
}

/** Closes a menu that loses the focus. */
function leaveMenu(event: FocusEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
}

function closeMenu(event: KeyboardEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
  event.stopPropagation();
}

function zoomTo(picture: PlotPicture, frame: Frame, left: number, right: number): void {
  const line = picture.lines[0];
  if (!line) return;
  const low = Math.max(0, stepAt(line, picture.axis, frame.at(left)));
  const high = stepAt(line, picture.axis, frame.at(right));
  if (high > low) show({ zoom: [low, high] });
}

function keyboard(
  event: KeyboardEvent,
  picture: PlotPicture,
  frame: Frame,
  mouse: number | null,
  point: (pixel: number | null) => void,
): void {
  const [left, right] = [frame.left, frame.left + frame.width];
  const at = mouse ?? (left + right) / 2;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const step = event.shiftKey ? 40 : 6;
    point(Math.min(right, Math.max(left, at + (event.key === "ArrowLeft" ? -step : step))));
  } else if (event.key === "+" || event.key === "=") {
    zoomTo(picture, frame, Math.max(left, at - frame.width / 4), Math.min(right, at + frame.width / 4));
  } else if (event.key === "-") {
    const zoom = picture.zoom;
    if (zoom) {
      const more = Math.round((zoom[1] - zoom[0]) / 2);
      show({ zoom: [Math.max(0, zoom[0] - more), zoom[1] + more] });
    }
  } else if (event.key === "Escape") {
    show({ zoom: null });
    point(null);
  } else return;
  event.preventDefault();
}
