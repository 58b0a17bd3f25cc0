// Made by scripts/make_types.py from tensorboard_plugin/inputdiag/payload_types.py and tb_inputdiag/records/.
// Do not edit: change those and run the script.

/** JSON has no NaN and no infinities. */
export type Num = number | "NaN" | "Infinity" | "-Infinity";

/** A finding. Logged again whenever it changes; the last one with an `id` counts. */
export interface Alert {
  id: number;
  rule: string;
  severity: number;
  subject: string;
  split: "train" | "validation" | "predict";
  first_step: number;
  last_step: number;
  count: number;
  message: string;
  evidence: Record<string, unknown>;
  why: string;
  fix: string;
  state: "open" | "resolved";
  resolved_step: number | null;
  reopened: number;
  consequences: Consequence[];
  wall_time: Num;
  picture: RangePicture | LimitPicture | ShapesPicture | WordsPicture | SizesPicture | null;
  curves: Curve[];
  caused_by: number | null;
}

/** An alert with where it stands in the order of severity. */
export interface AlertRow {
  alert: Alert;
  severity: "error" | "warning" | "info";
  revision: number;
}

/** How often each class id was seen. */
export interface ClassBalance {
  counts: number[];
  samples: number;
}

/** How much of what was logged has arrived here. */
export interface Completeness {
  samples_read: number;
  samples_logged: number;
  alerts_read: number;
  alerts_logged: number;
  losses_read: number;
  losses_logged: number;
  proven: boolean;
}

/** An alert that was folded into another one, because it is its symptom. */
export interface Consequence {
  rule: string;
  subject: string;
  text: string;
}

/** What watching has cost so far. */
export interface Cost {
  step: number;
  wall_time: Num;
  elapsed_s: Num;
  spent_s: Num;
  setup_s: Num;
  samples: number;
  steps: number;
  every: Num;
  log_bytes: number;
}

/** A curve that shows where something went wrong. */
export interface Curve {
  label: string;
  quantity: Quantity;
  low: Quantity | null;
  high: Quantity | null;
  beside: Quantity | null;
  beside_label: string;
  expected: Span | null;
}

/** Something of Keras' own that could not be read, because this version of Keras has it elsewhere or not at all. */
export interface Degraded {
  accessor: string;
  effect: string;
}

/** Keras' logs at the end of an epoch, training and validation (``val_...``). */
export interface EpochEnd {
  epoch: number;
  step: number;
  wall_time: Num;
  logs: Record<string, Num>;
}

/** An exception that came out of a step, or out of `fit` before its first step. */
export interface Failure {
  step: number;
  wall_time: Num;
  split: "train" | "validation" | "predict";
  exception: string;
  message: string;
  where: string;
  fed: TensorLayout[];
  reached: TensorLayout[];
}

/** Statistics of single features, over all batches sampled. */
export interface FeatureStats {
  index: number[];
  total: number;
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  std: (number | null)[];
}

/** A table of rows by buckets, packed. */
export interface Grid {
  width: number;
  first: number;
  samples: number;
  expected: number;
  step: number[];
  last: number[];
  log: boolean;
  low: number;
  high: number;
  cells: string;
}

/** ``/grid``. */
export interface GridAnswer {
  id: string;
  server: string;
  pending: boolean;
  table: string;
  column: string;
  split: string;
  rows: string[];
  grid: Grid | null;
}

/** ``/images``. */
export interface ImageAnswer {
  id: string;
  revision: number;
  unchanged: boolean;
  images: ImageSet[];
}

/** Thumbnails of one input. */
export interface ImageSet {
  name: string;
  stage: string;
  split: string;
  step: number;
  low: number;
  high: number;
  labels: string[];
  width: number;
  height: number;
  png: string[];
}

/** One tensor, with every split it was seen in. */
export interface InputCard {
  layout: TensorLayout;
  words: string;
  expected_low: number | null;
  expected_high: number | null;
  expected_why: string;
  views: InputView[];
}

/** What was seen of one tensor in one split. */
export interface InputView {
  split: string;
  samples: number;
  step: number;
  shape: number[];
  min: number | null;
  max: number | null;
  last_min: number | null;
  last_max: number | null;
  mean: number | null;
  std: number | null;
  nan_count: number;
  inf_count: number;
  bad_step: number | null;
  bad_examples: number[];
  zero_fraction: number | null;
  whole_fraction: number | null;
  one_hot_fraction: number | null;
  quantiles: (number | null)[];
  first_quantiles: (number | null)[];
  features: FeatureStats | null;
  classes: ClassBalance | null;
}

/** ``/inputs``. */
export interface InputsAnswer {
  id: string;
  server: string;
  pending: boolean;
  samples_read: number;
  samples_logged: number;
  cards: InputCard[];
}

/** One layer, in forward order as far as that is known. */
export interface LayerFacts {
  name: string;
  class_name: string;
  module: string;
  trainable: boolean;
  dtype_policy: string;
  input_shape: (number | null)[] | null;
  output_shape: (number | null)[] | null;
  n_params: number;
  n_trainable_params: number;
  config: Record<string, unknown>;
  inbound: string[];
  parent: string;
  is_preprocessing: boolean;
}

/** One number against its limit. */
export interface LimitPicture {
  label: string;
  value: Num;
  limit: Num;
  bound: "at most" | "at least";
  unit: "" | "fraction" | "bytes" | "s";
  kind: "limit";
}

/** ``/model``. */
export interface ModelAnswer {
  id: string;
  revision: number;
  unchanged: boolean;
  model: ModelFacts | null;
  entries: TensorLayout[];
}

/** What is known of the model without data. Logged again when it changes. */
export interface ModelFacts {
  name: string;
  class_name: string;
  kind: "sequential" | "functional" | "subclassed";
  layers: LayerFacts[];
  weights: WeightFacts[];
  inputs: TensorLayout[];
  outputs: TensorLayout[];
  loss: unknown;
  optimizer: Record<string, unknown>;
  metrics: string[];
  dtype_policy: string;
  jit_compile: boolean;
  run_eagerly: boolean;
  steps_per_execution: number;
  replicas: number;
  strategy: string;
  custom_train_step: boolean;
  custom_loss: boolean;
  image_data_format: string;
  output_activations: Record<string, string>;
  output_units: Record<string, number>;
  backbones: Record<string, string>;
  entries: Record<string, string>;
  degraded: Degraded[];
}

/** A logged number over time. */
export interface Quantity {
  stream: "losses" | "samples" | "tensors" | "weights" | "layers" | "epochs";
  column: string;
  name: string;
  split: "train" | "validation" | "predict";
  role: "input" | "target" | "prediction" | "sample_weight";
  stage: "fed" | "entry";
}

/** Ranges of values that were seen, above the range that was expected. */
export interface RangePicture {
  seen: Span[];
  expected: Span;
  kind: "range";
}

/** ``/run``: what the overview shows. */
export interface RunAnswer {
  id: string;
  server: string;
  revision: number;
  now: number;
  row: RunRow;
  start: SessionStart | null;
  end: SessionEnd | null;
  failures: Failure[];
  cost: Cost | null;
  alerts: AlertRow[];
  epochs: EpochEnd[];
  completeness: Completeness;
}

/** One session of one run: a line of the list. */
export interface RunRow {
  id: string;
  run: string;
  session: string;
  mode: string;
  host: string;
  worker: number;
  workers: number;
  started: number;
  heard: number;
  end: string;
  verdict: "error" | "warning" | "info" | "healthy" | "waiting";
  errors: number;
  warnings: number;
  infos: number;
  resolved: number;
  top: string;
  failure: string;
  step: number;
  epoch: number;
  epochs: number | null;
  loss: number | "NaN" | null;
  spent_s: number;
  setup_s: number;
  elapsed_s: number;
  cost_is_least: boolean;
  every: number;
  log_bytes: number;
  samples: number;
  problem: string;
  revision: number;
}

/** ``/runs``. */
export interface RunsAnswer {
  server: string;
  revision: number;
  now: number;
  complete: boolean;
  runs: RunRow[];
  gone: string[];
}

/** ``/series``. */
export interface SeriesAnswer {
  id: string;
  server: string;
  pending: boolean;
  groups: SeriesGroup[];
  unknown: string[];
}

/** Quantities that share their steps. */
export interface SeriesGroup {
  stream: string;
  width: number;
  first: number;
  samples: number;
  expected: number;
  step: number[];
  last: number[];
  wall: (number | null)[];
  values: Record<string, Values>;
}

/** The last record. A session without one is still running, or died. */
export interface SessionEnd {
  wall_time: Num;
  step: number;
  status: "finished" | "stopped" | "failed" | "interrupted";
  reason: string;
  recording_stopped_step: number | null;
}

/** The first record: one call of `fit`, `evaluate` or `predict`, or one `watch` block. */
export interface SessionStart {
  session: string;
  wall_time: Num;
  mode: "fit" | "evaluate" | "predict" | "watch";
  schema_version: number;
  versions: Record<string, string>;
  settings: Record<string, unknown>;
  host: string;
  pid: number;
  worker: number;
  workers: number;
  params: Record<string, unknown>;
}

/** Two shapes, axis by axis; None is an axis of any size. */
export interface ShapesPicture {
  seen: (number | null)[];
  expected: (number | null)[];
  seen_label: string;
  expected_label: string;
  kind: "shapes";
}

/** Sizes side by side, some far larger than others: columns of a table, classes, layers. */
export interface SizesPicture {
  label: string;
  names: string[];
  sizes: Num[];
  marked: number[];
  largest_ratio: Num | null;
  kind: "sizes";
}

/** A range of values, as a bar is drawn of it. */
export interface Span {
  low: Num;
  high: Num;
  label: string;
  mark: Num | null;
}

/** One tensor of which every sample holds statistics. */
export interface TensorLayout {
  name: string;
  role: "input" | "target" | "prediction" | "sample_weight";
  stage: "fed" | "entry";
  shape: (number | null)[] | null;
  dtype: string;
  kind: "dense" | "ragged" | "sparse" | "string";
  layer: string;
  layer_class: string;
  sources: string[];
  same_as_fed: boolean;
  feature_axis: number | null;
  features: number[];
  n_features: number;
  n_classes: number;
}

/** One quantity over the buckets of a group. */
export interface Values {
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  bad: number[];
}

/** One weight variable of the model. */
export interface WeightFacts {
  name: string;
  shape: number[];
  dtype: string;
  trainable: boolean;
  layer: string;
  initial_std: Num | null;
  initial_constant: boolean;
  initial_mean: Num | null;
  initializer: string;
}

/** Two words side by side: dtypes, activations, the kinds of labels. */
export interface WordsPicture {
  seen: string;
  expected: string;
  seen_label: string;
  expected_label: string;
  kind: "words";
}

/** Stream -> its series. */
export const COLUMNS = {
  samples: ["loss", "gradient_norm", "clipped_gradient_norm", "learning_rate", "step_time_s", "loss_scale"],
  losses: ["loss"],
  tensors: ["min", "max", "mean", "std", "q05", "q25", "q50", "q75", "q95"],
  weights: ["gradient_norm", "update_ratio", "weight_norm", "gradient_max_abs", "gradient_zero_fraction"],
  layers: ["std", "mean", "max_abs", "dead_fraction", "saturated_fraction", "zero_fraction"],
} as const;
