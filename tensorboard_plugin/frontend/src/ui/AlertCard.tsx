// One finding: what is wrong, since when, the evidence, and what to do.
import { useState } from "preact/hooks";
import { curvesOf, drawnCurves } from "../logic/alertCurves";
import { drawingOf, evidenceText, words } from "../logic/evidence";
import { whole } from "../logic/numbers";
import type { Curves } from "../logic/series";
import { LEVEL_WORDS } from "../logic/status";
import { visible } from "../logic/text";
import type { AlertRow } from "../types";
import { Copy, Pre } from "./common";
import { Evidence } from "./Evidence";
import { LevelIcon } from "./icons";
import { openRule } from "./RuleHelp";
import { Sparkline } from "./Sparkline";

const SUBJECTS: Record<string, string> = {
  input: "input",
  target: "target",
  prediction: "output",
  sample_weight: "sample weight",
  layer: "layer",
  weight: "weight",
  loss: "the loss",
  optimizer: "the optimizer",
  model: "the model",
  data: "the data",
  training: "the training",
};

function Subject({ subject }: { subject: string }) {
  const at = subject.indexOf(":");
  const kind = at < 0 ? subject : subject.slice(0, at);
  return (
    <span class="subject">
      {SUBJECTS[kind] ?? kind}
      {at >= 0 && <code>{visible(subject.slice(at + 1))}</code>}
    </span>
  );
}

function RuleLink({ rule }: { rule: string }) {
  return (
    <button
      type="button"
      class="link rule"
      title="What this rule looks for"
      onClick={(event) => openRule(rule, event.currentTarget)}
    >
      {visible(rule)}
    </button>
  );
}

function FollowsFromIt({ rule, text }: { rule: string; text: string }) {
  return (
    <>
      {visible(text)} {rule && <RuleLink rule={rule} />}
    </>
  );
}

function since(row: AlertRow): string {
  const { alert } = row;
  const samples = alert.count === 1 ? "seen once" : `seen in ${whole(alert.count)} samples`;
  if (alert.state === "resolved") {
    const end = alert.resolved_step === null ? "" : `, resolved at step ${whole(alert.resolved_step)}`;
    return `from step ${whole(alert.first_step)}${end}`;
  }
  const last = alert.last_step > alert.first_step ? `, last at step ${whole(alert.last_step)}` : "";
  const again = alert.reopened ? `, came back ${alert.reopened === 1 ? "once" : `${alert.reopened} times`}` : "";
  return `since step ${whole(alert.first_step)}, ${samples}${last}${again}`;
}

interface Props {
  row: AlertRow;
  curves: Record<string, Curves> | undefined;
  folded?: boolean;
}

export function AlertCard({ row, curves, folded = false }: Props) {
  const { alert, severity } = row;
  const [open, setOpen] = useState(!folded);
  const curve = drawnCurves(curvesOf(alert), curves);
  const drawn = drawingOf(alert).kind !== "none";
  const numbers = Object.entries(alert.evidence);
  const id = `alert-${alert.id}`;
  return (
    <article class={`alert level-${severity} ${open ? "" : "folded"}`} aria-labelledby={id}>
      <header>
        <LevelIcon level={severity} size={22} />
        <div class="alert-head">
          <h3 id={id}>{visible(alert.message)}</h3>
          <p class="alert-facts">
            <strong class="level-word">
              {alert.state === "resolved" ? `${LEVEL_WORDS[severity]}, resolved` : LEVEL_WORDS[severity]}
            </strong>
            <RuleLink rule={alert.rule} />
            <Subject subject={alert.subject} />
            {alert.split !== "train" && <span>in {alert.split}</span>}
            <span>{since(row)}</span>
          </p>
        </div>
        <button
          type="button"
          class="fold"
          aria-expanded={open}
          aria-label={open ? "Fold" : "Unfold"}
          onClick={() => setOpen(!open)}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 6l4 4 4-4" />
          </svg>
        </button>
      </header>
      {open && (
        <div class="alert-body">
          <div class="advice">
            {alert.fix && (
              <div>
                <div class="fix-head">
                  <h4>What to do</h4>
                  <Copy text={alert.fix} />
                </div>
                <Pre>{visible(alert.fix)}</Pre>
              </div>
            )}
            {alert.why && (
              <div>
                <h4>Why it matters</h4>
                <p>{visible(alert.why)}</p>
              </div>
            )}
            {alert.consequences.length > 0 && (
              <div class="consequences">
                <h4>What follows from it</h4>
                <ul>
                  {alert.consequences.map((item) => (
                    <li key={item.rule + item.subject}>
                      <FollowsFromIt rule={item.rule} text={item.text} />
                    </li>
                  ))}
                </ul>
              </div>
            )}
          </div>
          <div class="evidence">
            <h4>What was seen</h4>
            <Evidence alert={alert} />
            {curve && <Sparkline curves={curve.curves} expected={curve.expected} mark={alert.first_step} />}
            {numbers.length > 0 && (
              <details class="numbers" open={!drawn && !curve}>
                <summary>All numbers</summary>
                <dl>
                  {numbers.map(([name, value]) => (
                    <div key={name}>
                      <dt>{words(name)}</dt>
                      <dd>{evidenceText(value)}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            )}
          </div>
        </div>
      )}
    </article>
  );
}
