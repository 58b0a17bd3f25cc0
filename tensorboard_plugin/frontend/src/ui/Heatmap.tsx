// A heat map of rows by steps. Arrow keys move between cells, Enter shows the curve of the row.
import { useEffect, useRef, useState } from "preact/hooks";
import { BAD, type Cells, colour, extent, labelledBuckets, place, ticks } from "../logic/grid";
import { formatNumber, whole } from "../logic/numbers";
import { visible } from "../logic/text";
import { dark, show } from "../state/shown";
import { paint } from "./heatPaint";
import type { Marker } from "./plot";

interface Props {
  cells: Cells;
  /** Which rows to show. */
  rows: readonly number[];
  title: string;
  marks: readonly Marker[];
  selected: string;
  onSelect: (name: string) => void;
}

const TEXT = 14;

/** Returns the height of a row: tall for few rows; for many, just distinguishable, and the map scrolls. */
export function rowHeight(count: number): number {
  return Math.max(4, Math.min(26, Math.floor(520 / Math.max(count, 1))));
}

/** Returns the distance between labelled rows, so that names do not overlap. */
export function labelEvery(height: number): number {
  return Math.max(1, Math.ceil(TEXT / height));
}

export function Heatmap({ cells, rows, title, marks, selected, onSelect }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState<{ row: number; bucket: number } | null>(null);
  const drag = useRef<number | null>(null);
  const [drawn, setDrawn] = useState<[number, number] | null>(null);
  const isDark = dark.value;
  const height = rowHeight(rows.length);
  const every = labelEvery(height);
  const [low, high] = extent(cells);
  const n = cells.step.length;

  useEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (width > 0) paint(canvas.current!, { cells, rows, height, low, high, dark: isDark, marks, selected });
  }, [cells, rows, width, isDark, low, high, marks, selected, height]);

  const find = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const row = Math.min(rows.length - 1, Math.max(0, Math.floor((event.clientY - box.top) / height)));
    const bucket = Math.min(n - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * n)));
    return { row, bucket };
  };
  const release = (event: MouseEvent) => {
    const found = find(event);
    const from = drag.current;
    drag.current = null;
    setDrawn(null);
    if (from === null) return;
    if (Math.abs(found.bucket - from) < 2) onSelect(cells.rows[rows[found.row]!]!);
    else {
      const [a, b] = [Math.min(from, found.bucket), Math.max(from, found.bucket)];
      show({ zoom: [cells.step[a]!, Math.max(cells.last[b]!, cells.step[a]! + 1)] });
    }
  };
  const keys = (event: KeyboardEvent) => {
    const now = at ?? { row: 0, bucket: n - 1 };
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (move) {
      const row = Math.min(rows.length - 1, Math.max(0, now.row + move[0]));
      setAt({ row, bucket: Math.min(n - 1, Math.max(0, now.bucket + move[1])) });
      canvas.current!.parentElement!.scrollTop = Math.max(0, row * height - 200);
    } else if (event.key === "Enter" || event.key === " ") onSelect(cells.rows[rows[now.row]!]!);
    else if (event.key === "Escape") {
      setAt(null);
      show({ zoom: null });
    } else return;
    event.preventDefault();
  };

  const row = at && rows[at.row] !== undefined ? rows[at.row]! : null;
  const value = row === null ? NaN : cells.values[row]![at!.bucket]!;
  return (
    <div class="heat">
      <div class="heat-scroll">
        <div class="heat-names" style={{ height: `${rows.length * height}px` }}>
          {rows.map((index, i) => {
            const name = cells.rows[index]!;
            const named = i % every === 0 || name === selected;
            if (!named) return null;
            return (
              <button
                type="button"
                key={name}
                tabIndex={-1} // the keyboard reaches rows through the map
                class={name === selected ? "chosen" : ""}
                title={name}
                style={{ top: `${Math.max(i * height + height / 2, TEXT / 2)}px` }}
                onClick={() => onSelect(name)}
              >
                <bdi>{visible(name)}</bdi>
              </button>
            );
          })}
        </div>
        <div class="heat-box">
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it handles its keys itself. */}
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            style={{ height: `${rows.length * height}px` }}
            aria-label={`${title}: ${rows.length} rows over steps. Arrow keys move, Enter shows the curve of a row.`}
            onMouseMove={(event) => {
              const found = find(event);
              setAt(found);
              if (drag.current !== null)
                setDrawn([Math.min(drag.current, found.bucket), Math.max(drag.current, found.bucket) + 1]);
            }}
            onMouseLeave={() => {
              setAt(null);
              drag.current = null;
              setDrawn(null);
            }}
            onMouseDown={(event) => {
              drag.current = find(event).bucket;
            }}
            onMouseUp={release}
            onDblClick={() => show({ zoom: null })}
            onKeyDown={keys}
          />
          {drawn && (
            <span
              class="heat-drawn"
              style={{ left: `${(drawn[0] / n) * 100}%`, width: `${((drawn[1] - drawn[0]) / n) * 100}%` }}
            />
          )}
          {row !== null && (
            <span
              class="heat-at"
              style={{
                left: `${(at!.bucket / n) * 100}%`,
                width: `${100 / n}%`,
                top: `${at!.row * height}px`,
                height: `${height}px`,
              }}
            />
          )}
        </div>
      </div>
      <div class="heat-axis">
        <div class="heat-ticks" aria-hidden="true">
          {labelledBuckets(n).map((bucket, i) => (
            <span key={bucket} style={{ left: `${((bucket + 0.5) / n) * 100}%` }}>
              {i === 0 && "step "}
              {whole(cells.step[bucket]!)}
            </span>
          ))}
        </div>
        <p class="heat-read" aria-live="polite">
          {row !== null ? (
            <>
              <b>{visible(cells.rows[row]!)}</b>, step {whole(cells.step[at!.bucket]!)}
              {cells.last[at!.bucket] !== cells.step[at!.bucket] && <> – {whole(cells.last[at!.bucket]!)}</>}:{" "}
              <b>{value === BAD ? "not finite" : Number.isNaN(value) ? "unknown" : formatNumber(value)}</b>
            </>
          ) : (
            "Point at a cell for its value, click a row for its curve, drag to zoom"
          )}
        </p>
      </div>
      <ColourScale low={low} high={high} log={cells.log} width={cells.width} />
    </div>
  );
}

function ColourScale({ low, high, log, width }: { low: number; high: number; log: boolean; width: number }) {
  const stops = Array.from(
    { length: 9 },
    (_, i) =>
      `rgb(${colour(i / 8)
        .map(Math.round)
        .join(" ")}) ${(i / 8) * 100}%`,
  );
  return (
    <div class="heat-scale">
      <span class="note">
        {log ? "Logarithmic; " : ""}
        {width === 1 ? "a column is one sample" : `a cell is the largest of ${width} samples`}
      </span>
      <div class="heat-ramp">
        <span class="ramp" style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} />
        {ticks(low, high, log).map((tick) => (
          <span class="ramp-tick" key={tick} style={{ left: `${place(tick, low, high, log) * 100}%` }}>
            {formatNumber(tick, 2)}
          </span>
        ))}
      </div>
      <ul class="heat-key">
        <li>
          <i class="key-zero" />
          zero
        </li>
        <li>
          <i class="key-bad" />
          not finite
        </li>
        <li>
          <i class="key-none" />
          unknown
        </li>
      </ul>
    </div>
  );
}
