// Gradients, updates and activations of every layer over time.
import { useMemo, useRef } from "preact/hooks";
import { hasValues, type Line } from "../logic/chart";
import { count } from "../logic/numbers";
import { compileFilter } from "../logic/runs";
import { visible } from "../logic/text";
import { dark, show, shown } from "../state/shown";
import { useFacts, useGrid, useSeries } from "../state/sources";
import type { RunRow } from "../types";
import { Chart } from "./Chart";
import { Choice, Empty, Filter, Section, Skeleton } from "./common";
import { Heatmap } from "./Heatmap";
import { markers, OverTime, useMainLines } from "./OverTime";
import { palette } from "./palette";

interface Quantity {
  table: "weights" | "layers";
  column: string;
  title: string;
  help: string;
}

const QUANTITIES: readonly Quantity[] = [
  {
    table: "weights",
    column: "gradient_norm",
    title: "Gradient norm",
    help: "Length of each weight's gradient. Rows that are dark from top to bottom get no signal; a bright column is an explosion.",
  },
  {
    table: "weights",
    column: "update_ratio",
    title: "Update ratio",
    help: "Length of the update over length of the weight. About 0.001 is usual; far more is unstable, far less stands still.",
  },
  {
    table: "layers",
    column: "std",
    title: "Activation spread",
    help: "Standard deviation of each layer's output. It should neither vanish nor grow with depth.",
  },
  {
    table: "layers",
    column: "dead_fraction",
    title: "Dead fraction",
    help: "Share of a ReLU layer's units that are 0 for every example of the batch.",
  },
  {
    table: "layers",
    column: "saturated_fraction",
    title: "Saturated fraction",
    help: "Share of the outputs of tanh or sigmoid layers at the flat ends of the function.",
  },
  { table: "weights", column: "weight_norm", title: "Weight norm", help: "Length of each weight." },
];

export function Layers({ row }: { row: RunRow }) {
  const { zoom, table, column, rows: filter } = shown.value;
  const facts = useFacts(row.id);
  const found = facts?.data.value;
  const lines = useMainLines(row, found);
  const open = found?.alerts.filter((a) => a.alert.state === "open" && a.alert.caused_by === null) ?? [];
  const marks = markers(open);
  const quantity = QUANTITIES.find((q) => q.table === table && q.column === column) ?? QUANTITIES[0]!;
  const grid = useGrid(row.id, quantity.table, quantity.column, 240, zoom);
  const cells = grid?.data.value;
  const curve = useRef<HTMLDivElement>(null);
  const listed = useMemo(() => {
    const { test } = compileFilter(filter);
    return cells?.rows.map((_, i) => i).filter((i) => test(cells.rows[i]!) && known(cells.values[i]!)) ?? [];
  }, [cells, filter]);
  if (found && row.samples === 0) {
    return (
      <Empty title="No step was sampled">
        <p>Gradients and activations appear with the first sampled step of training.</p>
      </Empty>
    );
  }
  return (
    <>
      <OverTime lines={lines} marks={marks} height={190} />
      <Section
        title="Layer by layer"
        note={cells ? `${count(listed.length, "row")}, first layer at the top` : ""}
        tools={<Filter small label="Filter rows" value={filter} onChange={(value) => show({ rows: value })} />}
      >
        <Choice
          label="Quantity"
          value={`${quantity.table}:${quantity.column}`}
          options={QUANTITIES.map((q) => [`${q.table}:${q.column}`, q.title] as const)}
          onChange={(value) => {
            const [nextTable, nextColumn] = value.split(":") as ["weights" | "layers", string];
            show({ table: nextTable, column: nextColumn, row: nextTable === quantity.table ? shown.peek().row : "" });
          }}
        />
        <p class="help-text">{quantity.help}</p>
        {grid?.error.value && (
          <p class="problem" role="alert">
            {grid.error.value}
          </p>
        )}
        {!cells ? (
          <Skeleton lines={4} tall />
        ) : listed.length === 0 ? (
          <Empty title={filter ? "No row matches this filter" : "Not known for this model"}>
            {!filter && quantity.column === "dead_fraction" && <p>No layer of this model ends in a ReLU.</p>}
            {!filter && quantity.column === "saturated_fraction" && (
              <p>No layer of this model ends in a tanh or sigmoid.</p>
            )}
          </Empty>
        ) : (
          <Heatmap
            cells={cells}
            rows={listed}
            title={quantity.title}
            marks={marks}
            selected={shown.value.row}
            onSelect={(name) => {
              show({ row: name === shown.peek().row ? "" : name, table: quantity.table, column: quantity.column });
              // Below a tall map the curve would open out of sight.
              requestAnimationFrame(() => curve.current?.scrollIntoView({ block: "nearest", behavior: "smooth" }));
            }}
          />
        )}
        <div ref={curve}>
          {shown.value.row && cells?.rows.includes(shown.value.row) && (
            <RowCurve row={row} quantity={quantity} name={shown.value.row} marks={marks} />
          )}
        </div>
      </Section>
    </>
  );
}

function known(values: Float32Array): boolean {
  return values.some((value) => !Number.isNaN(value));
}

function RowCurve({
  row,
  quantity,
  name,
  marks,
}: {
  row: RunRow;
  quantity: Quantity;
  name: string;
  marks: ReturnType<typeof markers>;
}) {
  const key = `${quantity.table}:train:${quantity.column}:${name}`;
  const keys = useMemo(() => [key], [key]);
  const source = useSeries(row.id, keys, 600, shown.value.zoom);
  const curves = source?.data.value?.[`${quantity.table}:train`];
  const colours = palette(dark.value);
  const lines: Line[] =
    curves && hasValues(curves, key)
      ? [{ key, label: visible(name), colour: colours.accent, curves, quantity: key, started: row.started }]
      : [];
  return (
    <Chart
      title={`${quantity.title} of ${visible(name)}`}
      lines={lines}
      markers={marks}
      log={shown.value.log}
      height={200}
    />
  );
}
