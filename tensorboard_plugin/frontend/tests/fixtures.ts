import type { Alert, AlertRow, RunRow, SeriesGroup } from "../src/types";

export function row(change: Partial<RunRow>): RunRow {
  return {
    id: "exp/inputdiag/s",
    run: "exp",
    session: "s",
    mode: "fit",
    host: "",
    worker: 0,
    workers: 1,
    started: 900,
    last_event_time: 1000,
    silent_after_s: 90,
    end: "finished",
    verdict: "healthy",
    order: [4, 0, 0, 0],
    errors: 0,
    warnings: 0,
    infos: 0,
    resolved: 0,
    top: "",
    failure: "",
    step: 10,
    epoch: 0,
    epochs: 5,
    fits: 1,
    loss: 1,
    cost_share: null,
    setup_s: 0,
    cost_is_least: false,
    every: 1,
    log_bytes: 0,
    samples: 10,
    problem: "",
    revision: 1,
    ...change,
  };
}

export function alert(
  id: number,
  severity: AlertRow["severity"],
  first_step: number,
  change: Partial<Alert> = {},
): AlertRow {
  return {
    severity,
    group: "standing",
    order: [0, 0, 0, first_step, id],
    revision: 1,
    alert: {
      id,
      rule: "some-rule",
      severity: 30,
      subject: "loss",
      split: "train",
      first_step,
      last_step: first_step,
      count: 1,
      message: "",
      evidence: {},
      why: "",
      fix: "",
      state: "open",
      resolved_step: null,
      reopened: 0,
      rank: 0,
      consequences: [],
      picture: null,
      curves: [],
      examples: null,
      wall_time: 0,
      caused_by: null,
      ...change,
    },
  };
}

/** Buckets `first`, ... of the series 0, 1, 2, ...; the mean of a bucket is its first sample. */
export function group(width: number, first: number, n: number): SeriesGroup {
  const step = Array.from({ length: n }, (_, i) => (first + i) * width);
  return {
    stream: "losses:losses",
    width,
    first,
    samples: (first + n) * width,
    expected: (first + n) * width,
    step,
    last: width === 1 ? [] : step.map((s) => s + width - 1),
    wall: step.map((s) => 100 + s),
    values: {
      "losses:loss": {
        mean: step,
        min: width === 1 ? [] : step.map((s) => s - 1),
        max: width === 1 ? [] : step.map((s) => s + width - 1),
        bad: [],
      },
    },
  };
}
