// Made by scripts/make_types.py from tensorboard_plugin/inputdiag/payload_types.py and tb_inputdiag/records/.
// Do not edit: change those and run the script.

/** JSON has no NaN and no infinities: tb_inputdiag/jsonable.py writes their names. */
export type Num = number | "NaN" | "Infinity" | "-Infinity";

/** A finding. Logged again whenever it changes; the last record with an `id` counts. */
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
  picture: Picture | null;
  curves: Curve[];
  examples: Examples | null;
  rank: number;
  caused_by: number | null;
}

/** An alert with its place on the page, as `tb_inputdiag.alerts` decides it. */
export interface AlertRow {
  alert: Alert;
  severity: "error" | "warning" | "info";
  group: "standing" | "resolved" | "symptom";
  order: number[];
  revision: number;
}

/** One argument of the call that raised, or a part of it. No data is copied, except numbers and short text. */
export interface ArgumentFacts {
  name: string;
  type: string;
  kind: "array" | "class" | "dataset" | "dict" | "frame" | "function" | "generator" | "layer" | "list" | "loader" | "model" | "none" | "number" | "object" | "pydataset" | "series" | "symbolic" | "tensor" | "text";
  variable: string;
  made: string;
  shape: (number | null)[] | null;
  dtype: string;
  value: unknown;
  length: number | null;
  element_types: string[];
  element_shapes: ((number | null)[])[];
  equal_shapes: boolean;
  numeric_text: boolean;
  odd_text: string | null;
  low: Num | null;
  high: Num | null;
  nonfinite: number;
  text_columns: string[];
  keys: string[];
  parts: number;
  element_spec: string;
  cardinality: number | null;
  layers: string[];
}

/** How often each class id was seen. */
export interface ClassBalance {
  counts: number[];
  samples: number;
}

/** An alert that was folded into another one, because it is its symptom. */
export interface Consequence {
  rule: string;
  subject: string;
  text: string;
}

/** What the callback has cost so far. */
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

/** ``/data``: what a check of a whole data set found, column by column. */
export interface DataAnswer {
  id: string;
  revision: number;
  unchanged: boolean;
  parts: DataPartRow[];
  tables: DataTableRows[];
}

/** One column in one part of a data set, over finite values. */
export interface DataColumnInPart {
  part: "train" | "validation" | "test";
  dtype: string;
  values: number;
  missing: number;
  min: number | null;
  median: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
  quantiles: (number | null)[];
  distinct: number;
  categories: Record<string, number>;
}

/** A column of a table, a channel of images, or a tensor without columns. */
export interface DataColumnRow {
  name: string;
  parts: DataColumnInPart[];
  alerts: InputAlert[];
}

/** Examples of a part of a data set that are equal to examples of another part. */
export interface DataOverlap {
  other: "train" | "validation" | "test";
  examples: number;
  first: number[];
  originals: number[];
}

/** A part of a data set as a whole. */
export interface DataPartRow {
  part: "train" | "validation" | "test";
  examples: number;
  n_bytes: number;
  elapsed_s: number;
  copies: number;
  relabelled: number;
  compared: number;
  first: number[];
  originals: number[];
  overlaps: DataOverlap[];
}

/** The columns of one tensor of a data set. */
export interface DataTableRows {
  name: string;
  role: "input" | "target" | "prediction" | "sample_weight";
  shape: (number | null)[] | null;
  n_columns: number;
  columns: DataColumnRow[];
  alerts: InputAlert[];
}

/** A private part of Keras that could not be read, because this version of Keras has moved or removed it. */
export interface Degraded {
  accessor: string;
  effect: string;
}

/** ``/differences``. */
export interface DifferencesAnswer {
  server: string;
  pending: boolean;
  sentence: string;
  changes: InputChange[];
}

/** Keras' logs at the end of an epoch, training and validation (``val_...``). */
export interface EpochEnd {
  epoch: number;
  step: number;
  wall_time: Num;
  logs: Record<string, Num>;
}

/** Single examples that show what is wrong, the first ones of a batch. */
export interface Examples {
  subject: string;
  step: number;
  batch: number[];
  rows: number[];
  shown: ShownExample[];
}

/** The range in which a rule expects the values of a tensor. Logged when the rule first judges the tensor. */
export interface ExpectedRange {
  rule: string;
  subject: string;
  stage: "fed" | "entry";
  low: Num | null;
  high: Num | null;
  reason: string;
}

/** An exception: of a step, or of any other call of Keras. */
export interface Failure {
  step: number;
  wall_time: Num;
  split: "train" | "validation" | "predict";
  exception: string;
  message: string;
  where: string;
  fed: TensorLayout[];
  reached: TensorLayout[];
  place: "step" | "data" | "build" | "compile" | "save" | "load" | "other";
  call: string;
  arguments: ArgumentFacts[];
  lines: string[];
  operands: OperandFacts[];
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

/** A standing alert about a tensor, without its details. */
export interface InputAlert {
  id: number;
  rule: string;
  severity: "error" | "warning" | "info";
  split: "train" | "validation" | "predict";
  message: string;
}

/** One tensor, with all splits in which it was sampled. */
export interface InputCard {
  layout: TensorLayout;
  words: string;
  feature_word: string;
  expected: ExpectedRange[];
  alerts: InputAlert[];
  views: InputView[];
}

/** One way in which an input or target of the second run differs from that of the first one. */
export interface InputChange {
  subject: string;
  text: string;
  severity: "error" | "warning" | "info";
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

/** What is known about the model without data. Logged again when it changes. */
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

/** A rule that could not judge this run. */
export interface NotJudged {
  rule: string;
  reason: string;
}

/** One of the two operands of the operation that raised, in the innermost line of the user's program. */
export interface OperandFacts {
  code: string;
  variables: ArgumentFacts[];
  made: string;
  sizes: SizeFacts[];
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

/** One quantity over the buckets of a group. */
export interface QuantityValues {
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  bad: number[];
}

/** Ranges of values that were seen, above the range that was expected. */
export interface RangePicture {
  seen: Span[];
  expected: Span;
  kind: "range";
}

/** How much of what was logged has been read. */
export interface ReadProgress {
  samples_read: number;
  samples_logged: number;
  alerts_read: number;
  alerts_logged: number;
  losses_read: number;
  losses_logged: number;
  proven: boolean;
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
  fit_steps: number[];
  failures: Failure[];
  cost: Cost | null;
  alerts: AlertRow[];
  epochs: EpochEnd[];
  completeness: ReadProgress;
  not_judged: NotJudged[];
  degraded: Degraded[];
}

/** One session of one run: a row of the list. */
export interface RunRow {
  id: string;
  run: string;
  session: string;
  mode: string;
  host: string;
  worker: number;
  workers: number;
  started: number;
  last_event_time: number;
  silent_after_s: number;
  end: "" | "died" | "finished" | "stopped" | "failed" | "interrupted";
  verdict: "error" | "warning" | "info" | "healthy" | "waiting";
  order: number[];
  errors: number;
  warnings: number;
  infos: number;
  resolved: number;
  top: string;
  failure: string;
  step: number;
  epoch: number;
  epochs: number | null;
  fits: number;
  loss: number | "NaN" | "Infinity" | "-Infinity" | null;
  cost_share: number | null;
  cost_is_least: boolean;
  setup_s: number;
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
  total: number;
  matching: number;
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
  values: Record<string, QuantityValues>;
}

/** The end of a call. A session that ends with another record is still running, or it died. */
export interface SessionEnd {
  wall_time: Num;
  step: number;
  status: "finished" | "stopped" | "failed" | "interrupted";
  reason: string;
  recording_stopped_step: number | null;
}

/** The first record. A session holds the calls with one callback and one model, which follow each other. */
export interface SessionStart {
  session: string;
  wall_time: Num;
  mode: "fit" | "evaluate" | "predict" | "watch" | "call" | "data";
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

/** One example of one tensor of a batch, to look at: a thumbnail or a row of numbers. */
export interface ShownExample {
  subject: string;
  place: number;
  png: string;
  low: Num;
  high: Num;
  values: Num[];
  first: number;
  size: number;
}

/** A whole number that is written in the user's program, with the code on both sides of it. */
export interface SizeFacts {
  size: number;
  line: number;
  before: string;
  after: string;
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

/** One tensor; every sample holds statistics of it. */
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
  unread: boolean;
  broadcast_to: (number | null)[] | null;
  n_classes: number;
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

export type Picture = RangePicture | LimitPicture | ShapesPicture | WordsPicture | SizesPicture;

/** Stream -> its series. */
export const COLUMNS = {
  samples: ["loss", "gradient_norm", "clipped_gradient_norm", "learning_rate", "step_time_s", "loss_scale", "penalty"],
  losses: ["loss"],
  tensors: ["min", "max", "mean", "std", "q05", "q25", "q50", "q75", "q95", "nan_count", "inf_count", "zero_fraction"],
  weights: ["gradient_norm", "update_ratio", "weight_norm", "gradient_max_abs", "gradient_zero_fraction", "gradient_nonfinite_count", "weight_nonfinite_count"],
  layers: ["std", "mean", "max_abs", "dead_fraction", "saturated_fraction", "zero_fraction", "nonfinite_count", "moving_mean_shift", "moving_std_factor"],
} as const;
