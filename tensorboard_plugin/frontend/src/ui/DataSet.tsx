// A check of a whole data set: its parts, and each column in all of them.
import { useState } from "preact/hooks";
import {
  alertsOf,
  type Category,
  categoriesOf,
  classesOf,
  copiesText,
  leftOutText,
  PART_CLASSES,
  PARTS,
  pairsText,
  shownTables,
} from "../logic/dataset";
import { histogram } from "../logic/inputs";
import { count, duration, formatNumber, percent, shape, short, sizeBytes, whole } from "../logic/numbers";
import { visible } from "../logic/text";
import { useData } from "../state/feeds";
import type { DataColumnInPart, DataColumnRow, DataPartRow, DataTableRows, InputAlert, RunRow } from "../types";
import { Choice, Empty, Filter, Section, Skeleton } from "./common";
import { LevelIcon } from "./icons";
import { RuleLink } from "./RuleLink";

const ROLES: Record<string, string> = { input: "Input", target: "Target", sample_weight: "Sample weight" };
const COLUMNS = 9;
const MOST_CATEGORIES = 4;
const BARS = 32;
const W = 160;
const H = 34;

export function DataSet({ row }: { row: RunRow }) {
  const feed = useData(row.id);
  const [filter, setFilter] = useState("");
  const [marked, setMarked] = useState<"all" | "marked">("all");
  const answer = feed?.data.value;
  if (feed?.error.value) {
    return (
      <p class="problem" role="alert">
        {feed.error.value}
      </p>
    );
  }
  if (!answer) return <Skeleton lines={4} tall />;
  if (answer.parts.length === 0) {
    return (
      <Empty title="No part was read">
        <p>Columns appear when a pass over a part of the data set has ended.</p>
      </Empty>
    );
  }
  const tables = shownTables(answer.tables, filter, marked === "marked");
  return (
    <>
      <Section title="Parts">
        <Parts parts={answer.parts} />
      </Section>
      <Section
        title="Columns"
        note={<Key parts={answer.parts} />}
        tools={
          <>
            <Filter label="Columns" value={filter} onChange={setFilter} small />
            <Choice
              label="Which columns"
              options={[
                ["all", "All"],
                ["marked", "With findings"],
              ]}
              value={marked}
              onChange={setMarked}
            />
          </>
        }
      >
        {tables.length === 0 && (
          <Empty title={filter ? "No column matches this filter" : "No column has a finding"}>
            {!filter && <p>Findings about several columns or whole examples are on the overview.</p>}
          </Empty>
        )}
        {tables.length > 0 && <Columns tables={tables} filtered={filter !== "" || marked === "marked"} />}
      </Section>
    </>
  );
}

function Parts({ parts }: { parts: DataPartRow[] }) {
  const others = parts.filter((part) =>
    parts.some((row) => row.overlaps.some((overlap) => overlap.other === part.part)),
  );
  return (
    <div class="table-scroll">
      <table class="layers">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" class="right">
              Examples
            </th>
            <th scope="col" class="right">
              Size
            </th>
            <th scope="col" class="right">
              Read in
            </th>
            <th scope="col">Copies of earlier examples</th>
            {others.map(({ part }) => (
              <th scope="col" key={part}>
                Also in {PARTS[part]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {parts.map((row) => (
            <tr key={row.part}>
              <td class="tight">
                <i class={`part-mark ${PART_CLASSES[row.part]}`} />
                {PARTS[row.part]}
              </td>
              <td class="right">{whole(row.examples)}</td>
              <td class="right">{sizeBytes(row.n_bytes)}</td>
              <td class="right">{duration(row.elapsed_s)}</td>
              <td>
                {copiesText(row)}
                {row.copies > 0 && <p class="note">{pairsText(row.first, row.originals, row.copies)}</p>}
              </td>
              {others.map(({ part }) => (
                <Shared key={part} row={row} other={part} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Shared({ row, other }: { row: DataPartRow; other: DataPartRow["part"] }) {
  const found = row.overlaps.find((overlap) => overlap.other === other);
  if (!found) return <td />;
  if (!found.examples) return <td>none</td>;
  return (
    <td>
      {whole(found.examples)} ({percent(found.examples / Math.max(row.examples, 1))})
      <p class="note">{pairsText(found.first, found.originals, found.examples)}</p>
    </td>
  );
}

function Key({ parts }: { parts: DataPartRow[] }) {
  if (parts.length < 2) return null;
  return (
    <span class="key">
      {parts.map(({ part }) => (
        <span key={part}>
          <i class={PART_CLASSES[part]} />
          {PARTS[part]}
        </span>
      ))}
    </span>
  );
}

function Columns({ tables, filtered }: { tables: DataTableRows[]; filtered: boolean }) {
  return (
    <div class="table-scroll">
      <table class="layers columns">
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Part</th>
            <th scope="col">Type</th>
            {["Missing", "Min", "Mean", "Max"].map((title) => (
              <th scope="col" class="right" key={title}>
                {title}
              </th>
            ))}
            <th scope="col">Distribution</th>
            <th scope="col">Findings</th>
          </tr>
        </thead>
        {tables.map((table) => (
          <tbody key={`${table.role}:${table.name}`}>
            {(table.n_columns > 1 || table.alerts.length > 0) && (
              <TableHead table={table} note={filtered ? "" : leftOutText(table, table.columns.length)} />
            )}
            {table.columns.map((column) => (
              <ColumnRows key={column.name} column={column} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

/** What the columns belong to, and what concerns several of them. */
function TableHead({ table, note }: { table: DataTableRows; note: string }) {
  return (
    <tr class="columns-of">
      <th scope="rowgroup" colSpan={COLUMNS}>
        {ROLES[table.role] ?? table.role} <code>{visible(table.name)}</code>{" "}
        <span class="note">
          {shape(table.shape)}
          {note && `; ${note}`}
        </span>
        {table.alerts.map((alert) => (
          <Mark key={alert.id} alert={alert} />
        ))}
      </th>
    </tr>
  );
}

function ColumnRows({ column }: { column: DataColumnRow }) {
  const n = column.parts.length;
  const worst = column.alerts[0]?.severity;
  return (
    <>
      {column.parts.map((seen, i) => (
        <tr key={seen.part} class={i + 1 < n ? "goes-on" : ""}>
          {i === 0 && (
            <th scope="row" rowSpan={n} class={worst ? `marked level-${worst}` : ""}>
              {visible(column.name)}
            </th>
          )}
          <td class="tight">
            <i class={`part-mark ${PART_CLASSES[seen.part]}`} />
            {PARTS[seen.part]}
          </td>
          <td>
            <code>{seen.dtype}</code>
          </td>
          <td
            class={`right ${seen.missing ? "some" : "note"}`}
            title={`${whole(seen.missing)} of ${whole(seen.values)}`}
          >
            {seen.missing ? percent(seen.missing / Math.max(seen.values, 1)) : "none"}
          </td>
          <Extent seen={seen} />
          {i === 0 && (
            <td rowSpan={n} class="pictured">
              <Distribution column={column} />
            </td>
          )}
          <td class="found">
            {alertsOf(column.alerts, seen.part).map((alert) => (
              <Mark key={alert.id} alert={alert} />
            ))}
          </td>
        </tr>
      ))}
    </>
  );
}

function Extent({ seen }: { seen: DataColumnInPart }) {
  if (seen.min === null) {
    return (
      <td class="right" colSpan={3}>
        {seen.distinct
          ? count(seen.distinct, "category", "categories")
          : seen.dtype === "string" && "too many to count"}
      </td>
    );
  }
  return (
    <>
      {[seen.min, seen.mean, seen.max].map((value, i) => (
        <td class="right" key={i} title={formatNumber(value, 7)}>
          {short(value)}
        </td>
      ))}
    </>
  );
}

function Mark({ alert }: { alert: InputAlert }) {
  return (
    <span class={`mark level-${alert.severity}`} title={visible(alert.message)}>
      <LevelIcon level={alert.severity} size={14} />
      <RuleLink rule={alert.rule} />
    </span>
  );
}

function Distribution({ column }: { column: DataColumnRow }) {
  const classes = classesOf(column.parts);
  if (classes) return <Classes column={column} classes={classes} />;
  if (column.parts.some((part) => Object.keys(part.categories).length > 0)) return <Categories column={column} />;
  const known = column.parts.filter((part) => part.quantiles.some((q) => q !== null));
  const ends = known.flatMap((part) => part.quantiles).filter((q): q is number => q !== null);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  if (!ends.length) return null;
  if (!(high > low)) return <span class="note">always {formatNumber(low)}</span>;
  const drawn = known.map((part) => ({ part: part.part, bars: histogram(part.quantiles, low, high, BARS) }));
  const top = Math.max(...drawn.flatMap(({ bars }) => bars)) || 1;
  const y = (bar: number) => (H - Math.sqrt(bar / top) * (H - 2)).toFixed(1);
  const path = (bars: number[]) =>
    `M0 ${H}${bars.map((bar, i) => `L${(i / BARS) * W} ${y(bar)}L${((i + 1) / BARS) * W} ${y(bar)}`).join("")}L${W} ${H}Z`;
  return (
    <figure class="column-histogram">
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Distribution of ${visible(column.name)} from ${formatNumber(low)} to ${formatNumber(high)}, square root of the height`}
      >
        {drawn.map(({ part, bars }) => (
          <path key={part} class={`hist ${PART_CLASSES[part]}`} d={path(bars)} />
        ))}
      </svg>
      <div class="spark-axis">
        <span>{short(low)}</span>
        <span>{short(high)}</span>
      </div>
    </figure>
  );
}

/** A bar for each class and part. */
function Classes({ column, classes }: { column: DataColumnRow; classes: Category[] }) {
  const top = Math.max(...classes.flatMap(({ shares }) => shares)) || 1;
  const room = W / classes.length;
  const width = Math.min((room * 0.8) / column.parts.length, 10);
  return (
    <figure class="column-histogram">
      <svg
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Classes of ${visible(column.name)}, ${classes.length}`}
      >
        {classes.map((found, i) => (
          <g key={found.name}>
            <title>{`${found.name}: ${sharesText(column, found)}`}</title>
            {found.shares.map((share, k) => (
              <rect
                key={column.parts[k]!.part}
                class={PART_CLASSES[column.parts[k]!.part]}
                x={(i + 0.5) * room + (k - column.parts.length / 2) * width}
                width={width * 0.9}
                y={H - (share / top) * (H - 2)}
                height={(share / top) * (H - 2)}
              />
            ))}
          </g>
        ))}
      </svg>
      <div class="spark-axis">
        <span>{classes[0]!.name}</span>
        <span>{count(classes.length, "class", "classes")}</span>
        <span>{classes.at(-1)!.name}</span>
      </div>
    </figure>
  );
}

function sharesText(column: DataColumnRow, { shares }: Category): string {
  return shares.map((share, i) => `${PARTS[column.parts[i]!.part]} ${percent(share)}`).join(", ");
}

function Categories({ column }: { column: DataColumnRow }) {
  const shown = categoriesOf(column.parts).slice(0, MOST_CATEGORIES);
  const all = Math.max(...column.parts.map((part) => part.distinct));
  const top = Math.max(...shown.flatMap(({ shares }) => shares)) || 1;
  return (
    <div class="categories">
      <ul>
        {shown.map((found) => (
          <li key={found.name} title={`${visible(found.name)}: ${sharesText(column, found)}`}>
            <span class="category-name">{visible(found.name)}</span>
            <span class="category-bars">
              {found.shares.map((share, i) => (
                <i
                  key={column.parts[i]!.part}
                  class={PART_CLASSES[column.parts[i]!.part]}
                  style={{ width: `${(100 * share) / top}%` }}
                />
              ))}
            </span>
            <span class="category-share">{percent(Math.max(...found.shares))}</span>
          </li>
        ))}
      </ul>
      {all > shown.length && <p class="note">and {whole(all - shown.length)} more</p>}
    </div>
  );
}
