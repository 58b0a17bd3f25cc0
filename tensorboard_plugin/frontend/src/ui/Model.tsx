// The model's layers with the facts that matter, and where the scale of the data was judged.

import { count, formatNumber, num, shape, whole } from "../logic/numbers";
import { compileFilter } from "../logic/runs";
import { visible } from "../logic/text";
import { useModel } from "../state/feeds";
import { part, show } from "../state/shown";
import type { LayerFacts, ModelFacts, RunRow, TensorLayout } from "../types";
import { Empty, Filter, Section, Skeleton } from "./common";
import { Unread } from "./NotJudged";

export function Model({ row }: { row: RunRow }) {
  const source = useModel(row.id);
  const answer = source?.data.value;
  if (source?.error.value)
    return (
      <p class="problem" role="alert">
        {source.error.value}
      </p>
    );
  if (!answer) return <Skeleton lines={4} tall />;
  if (!answer.model) {
    return (
      <Empty title="The model is not known">
        <p>Its facts are written when training begins, or when a subclassed model has been built.</p>
      </Empty>
    );
  }
  return (
    <>
      <Summary model={answer.model} entries={answer.entries} />
      <Unread degraded={answer.model.degraded} />
      <LayerList model={answer.model} entries={answer.entries} />
    </>
  );
}

/** Returns the settings of a loss or optimizer as text. */
export function settings(found: unknown): string {
  if (found === null || found === undefined) return "none";
  if (typeof found === "string" || typeof found === "number") return String(found);
  if (Array.isArray(found)) return found.map(settings).join("; ");
  const entries = Object.entries(found as Record<string, unknown>);
  const name = entries.find(([key]) => key === "name")?.[1];
  const rest = entries.filter(
    ([key, value]) => key !== "name" && value !== null && value !== false && value !== "" && value !== 0,
  );
  const text = rest.map(([key, value]) => {
    const shown =
      typeof value === "number" ? formatNumber(value) : typeof value === "object" ? settings(value) : String(value);
    return value === true ? key.replace(/_/g, " ") : `${key.replace(/_/g, " ")} ${shown}`;
  });
  return [name, ...text].filter((part) => part !== undefined).join(", ");
}

function Summary({ model, entries }: { model: ModelFacts; entries: TensorLayout[] }) {
  const total = model.layers.filter((l) => !l.parent).reduce((sum, layer) => sum + layer.n_params, 0);
  const trainable = model.layers.filter((l) => !l.parent).reduce((sum, layer) => sum + layer.n_trainable_params, 0);
  const flags = [
    model.jit_compile && "jit compiled",
    model.run_eagerly && "eager",
    model.steps_per_execution > 1 && `${model.steps_per_execution} steps per execution`,
    model.replicas > 1 && `${model.replicas} replicas (${model.strategy})`,
    model.custom_train_step && "custom train_step",
    model.custom_loss && "custom loss or add_loss",
  ].filter((flag): flag is string => typeof flag === "string");
  const facts: [string, string][] = [
    [
      "Model",
      `${model.name} (${model.class_name.toLowerCase() === model.kind ? model.kind : `${model.class_name}, ${model.kind}`})`,
    ],
    ["Parameters", `${whole(total)}, ${whole(trainable)} of them trainable`],
    ["Loss", settings(model.loss)],
    ["Optimizer", settings(model.optimizer)],
    ["Precision", model.dtype_policy],
    ["Inputs", model.inputs.map((t) => `${t.name} ${shape(t.shape)} ${t.dtype}`).join("; ") || "not declared"],
    [
      "Outputs",
      Object.entries(model.output_activations)
        .map(([name, act]) => `${name}: ${act}${model.output_units[name] ? `, ${model.output_units[name]} units` : ""}`)
        .join("; ") || "unknown",
    ],
    ["Executed", flags.join(", ") || "as a compiled graph"],
  ];
  return (
    <Section title="Summary">
      <dl class="summary">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{visible(text)}</dd>
          </div>
        ))}
      </dl>
      {entries.length > 0 && (
        <div class="judged">
          <h3>Where the scale of the data is judged</h3>
          <ul>
            {entries.map((entry) => (
              <li key={entry.name}>
                <code>{visible(entry.name)}</code>
                {entry.sources.length > 0 && entry.sources.join() !== entry.name && (
                  <> (from {visible(entry.sources.join(", "))})</>
                )}{" "}
                where <code>{visible(entry.layer)}</code> ({entry.layer_class}) reads it
                {entry.same_as_fed ? ", exactly as fed" : ", after the layers before it"}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Section>
  );
}

const KEYS = [
  "activation",
  "units",
  "filters",
  "kernel_size",
  "strides",
  "padding",
  "rate",
  "scale",
  "offset",
  "axis",
  "input_dim",
  "output_dim",
  "use_bias",
  "kernel_regularizer",
  "target_shape",
];
const USUAL: Record<string, string> = {
  strides: "1,1",
  padding: "valid",
  use_bias: "true",
  activation: "linear",
  scale: "true",
  axis: "-1",
};

/** Returns the settings of a layer that differ from the defaults. */
export function layerSettings(layer: LayerFacts): string {
  const out: string[] = [];
  for (const key of KEYS) {
    const value = layer.config[key];
    if (value === undefined || value === null) continue;
    const text = Array.isArray(value)
      ? value.map(String).join(",")
      : typeof value === "number"
        ? formatNumber(value)
        : String(value);
    if (USUAL[key] === text) continue;
    out.push(key === "activation" ? text : `${key.replace(/_/g, " ")} ${text.replace(/,/g, " × ")}`);
  }
  return out.join(", ");
}

function LayerList({ model, entries }: { model: ModelFacts; entries: TensorLayout[] }) {
  const filter = part.rows.value;
  const { test } = compileFilter(filter);
  const judged = new Set([...entries.map((entry) => entry.layer), ...Object.values(model.entries)]);
  const layers = model.layers.filter((layer) => test(layer.name) || test(layer.class_name));
  return (
    <Section
      title="Layers"
      note={count(layers.length, "layer")}
      tools={<Filter small label="Filter layers" value={filter} onChange={(value) => show({ rows: value })} />}
    >
      <div class="table-scroll">
        <table class="layers">
          <thead>
            <tr>
              <th>Layer</th>
              <th>Kind</th>
              <th>Output</th>
              <th class="right">Parameters</th>
              <th>Settings</th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <tr key={layer.name} class={judged.has(layer.name) ? "is-judged" : ""}>
                <td style={{ paddingLeft: `${12 + 14 * depth(layer)}px` }}>
                  <code>{visible(layer.name)}</code>
                  {judged.has(layer.name) && <span class="chip">scale judged here</span>}
                  {layer.is_preprocessing && <span class="chip plain-chip">preprocessing</span>}
                </td>
                <td>
                  {visible(layer.class_name)}
                  {foreign(layer) && <span class="chip plain-chip">custom class</span>}
                </td>
                <td class="tight">
                  <code>{layer.output_shape ? shape(layer.output_shape) : "–"}</code>
                </td>
                <td class="right">
                  {layer.n_params ? whole(layer.n_params) : "–"}
                  {layer.n_params > 0 && layer.n_trainable_params === 0 && <span class="chip plain-chip">frozen</span>}
                </td>
                <td>
                  {visible(layerSettings(layer))}
                  {layer.dtype_policy !== model.dtype_policy && (
                    <span class="chip plain-chip">{layer.dtype_policy}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Weights model={model} test={test} />
    </Section>
  );
}

function depth(layer: LayerFacts): number {
  return layer.parent ? layer.parent.split("/").length : 0;
}

function foreign(layer: LayerFacts): boolean {
  return layer.module !== "" && !layer.module.startsWith("keras.");
}

function Weights({ model, test }: { model: ModelFacts; test: (name: string) => boolean }) {
  const weights = model.weights.filter((weight) => test(weight.name));
  return (
    <details class="numbers">
      <summary>{count(weights.length, "weight")}</summary>
      <div class="table-scroll">
        <table class="layers">
          <thead>
            <tr>
              <th>Weight</th>
              <th>Shape</th>
              <th>Dtype</th>
              <th>Initializer</th>
              <th class="right">Initial std</th>
            </tr>
          </thead>
          <tbody>
            {weights.map((weight) => (
              <tr key={weight.name}>
                <td>
                  <code>{visible(weight.name)}</code>
                  {!weight.trainable && <span class="chip plain-chip">not trained</span>}
                </td>
                <td>
                  <code>{shape(weight.shape)}</code>
                </td>
                <td>{weight.dtype}</td>
                <td>
                  {visible(weight.initializer) || "–"}
                  {weight.initial_constant && <span class="chip plain-chip">all equal</span>}
                </td>
                <td class="right">
                  {Number.isFinite(num(weight.initial_std)) ? formatNumber(weight.initial_std) : "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
