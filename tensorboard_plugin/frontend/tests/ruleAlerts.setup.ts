// Makes an alert of each rule from the rule's own examples, before the tests run: no copy of them can become stale.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import type { AlertRow, Quantity } from "../src/types";

export interface RuleAlert {
  example: string;
  row: AlertRow;
  keys: [Quantity, string][];
}

declare module "vitest" {
  export interface ProvidedContext {
    ruleAlerts: RuleAlert[];
  }
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LOCAL = `${ROOT}.venv/bin/python`;
const SCRIPT = "tensorboard_plugin.frontend.scripts.make_rule_alerts";

export default function setup(project: TestProject): void {
  const python = process.env.PYTHON ?? (existsSync(LOCAL) ? LOCAL : "python3");
  const json = execFileSync(python, ["-W", "ignore", "-m", SCRIPT], { cwd: ROOT, maxBuffer: 1 << 26 });
  project.provide("ruleAlerts", JSON.parse(json.toString()));
}
