// Keys of curves for the route `series`, the same as in inputdiag/series_keys.py. Keys are only built here, never parsed:
// code that needs to know what a curve shows has its `Quantity`.
import { COLUMNS, type Quantity } from "../types";

/** Returns a quantity. By default it is of a fed input in training. */
export function quantity(given: Pick<Quantity, "stream" | "column"> & Partial<Quantity>): Quantity {
  return { name: "", split: "train", role: "input", stage: "fed", ...given };
}

export const LOSS = quantity({ stream: "losses", column: "loss" });
export const SAMPLED_LOSS = quantity({ stream: "samples", column: "loss" });
export const EPOCH_LOSS = quantity({ stream: "epochs", column: "val_loss" });
export const GRADIENT_NORM = quantity({ stream: "samples", column: "gradient_norm" });
export const LEARNING_RATE = quantity({ stream: "samples", column: "learning_rate" });

/** Returns the key of the group of series that share their steps. */
export function groupKey({ stream, split }: Quantity): string {
  return `${stream}:${stream === "losses" ? "losses" : split}`;
}

/** Returns the key of a quantity's curve. */
export function seriesKey(of: Quantity): string {
  const { stream, column, name, role, stage } = of;
  switch (stream) {
    case "losses":
      return "losses:loss";
    case "samples":
    case "epochs":
      return `${groupKey(of)}:${column}`;
    case "weights":
    case "layers":
      return `${groupKey(of)}:${column}:${name}`;
    case "tensors":
      return `${groupKey(of)}:${column}:${role}:${stage}:${name}`;
  }
}

/** Returns whether the route `series` serves the quantity: not for epochs, nor for columns of newer logs. */
export function isServed({ stream, column }: Quantity): boolean {
  return stream !== "epochs" && (COLUMNS[stream] as readonly string[]).includes(column);
}
