// Gradients, updates and activations of every layer over time.
import { useMemo, useRef } from "preact/hooks";
import { finder } from "../logic/alertCurves";
import type { ChartLine } from "../logic/chart";
import { count } from "../logic/numbers";
import { compileFilter } from "../logic/runs";
import { quantity as fromChoice, seriesKey } from "../logic/seriesKey";
import { visible } from "../logic/text";
import { useFacts, useGrid, useSeries } from "../state/feeds";
import { dark, part, show, shown } from "../state/shown";
import type { RunRow } from "../types";
import { Chart } from "./Chart";
import { Choice, Empty, Filter, Section, Skeleton } from "./common";
import { Heatmap } from "./Heatmap";
import { markers, OverTime, useMainLines } from "./OverTime";
import { palette } from "./palette";

/** A quantity that the heat map can show. */
interface HeatChoice {
  table: "weights" | "layers";
  column: string;
  title: string;
  help: string;
}

const CHOICES: readonly HeatChoice[] = [
  {
    table: "weights",
    column: "gradient_norm",
    title: "Gradient norm",
    help: "Length of each weight's gradient. A row that stays dark receives no signal. A bright column is an explosion.",
  },
  {
    table: "weights",
    column: "update_ratio",
    title: "Update ratio",
    help: "Length of the update over the length of the weight. About 0.001 is usual. Far more is unstable, far less does not learn.",
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
  const zoom = part.zoom.value;
  const table = part.table.value;
  const column = part.column.value;
  const filter = part.rows.value;
  const facts = useFacts(row.id);
  const found = facts?.data.value;
  const lines = useMainLines(row, found);
  const open = found?.alerts.filter((a) => a.group === "standing") ?? [];
  const marks = markers(open);
  const quantity = CHOICES.find((q) => q.table === table && q.column === column) ?? CHOICES[0]!;
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
      <OverTime lines={lines} marks={marks} fits={found?.answer.fit_steps ?? []} height={190} />
      <Section
        title="Layer by layer"
        note={cells ? `${count(listed.length, "row")}, first layer at the top` : ""}
        tools={<Filter small label="Filter rows" value={filter} onChange={(value) => show({ rows: value })} />}
      >
        <Choice
          label="Quantity"
          value={quantity.column}
          options={CHOICES.map(({ column, title }) => [column, title] as const)}
          onChange={(value) => {
            const next = CHOICES.find((q) => q.column === value)!;
            const same = next.table === quantity.table;
            show({ table: next.table, column: next.column, row: same ? shown.peek().row : "" });
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
            selected={part.row.value}
            onSelect={(name) => {
              show({ row: name === shown.peek().row ? "" : name, table: quantity.table, column: quantity.column });
              // Below a tall map the curve would open outside of the window.
              requestAnimationFrame(() => curve.current?.scrollIntoView({ block: "nearest", behavior: "smooth" }));
            }}
          />
        )}
        <div ref={curve}>
          {part.row.value && cells?.rows.includes(part.row.value) && (
            <RowCurve row={row} quantity={quantity} name={part.row.value} marks={marks} />
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
  quantity: HeatChoice;
  name: string;
  marks: ReturnType<typeof markers>;
}) {
  const of = fromChoice({ stream: quantity.table, column: quantity.column, name });
  const key = seriesKey(of);
  const keys = useMemo(() => [key], [key]);
  const curves = finder(useSeries(row.id, keys, 600, part.zoom.value)?.data.value, [])(of);
  const colours = palette(dark.value);
  const lines: ChartLine[] = curves
    ? [{ key, label: visible(name), colour: colours.accent, curves, quantity: key, started: row.started }]
    : [];
  return (
    <Chart
      title={`${quantity.title} of ${visible(name)}`}
      lines={lines}
      markers={marks}
      log={part.log.value}
      height={200}
    />
  );
}
