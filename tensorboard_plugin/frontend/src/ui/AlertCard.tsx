// One finding: what is wrong, since when, the evidence, and what to do.
import { useState } from "preact/hooks";
import { drawnCurves, type FindSeries } from "../logic/alertCurves";
import { evidenceName, evidenceText, examplesText } from "../logic/evidence";
import { whole } from "../logic/numbers";
import { LEVEL_WORDS } from "../logic/status";
import { visible } from "../logic/text";
import type { Alert, AlertRow } from "../types";
import { Copy, Pre } from "./common";
import { Evidence } from "./Evidence";
import { LevelIcon } from "./icons";
import { RuleLink } from "./RuleLink";
import { ShownExamples } from "./ShownExamples";
import { Sparkline } from "./Sparkline";

interface Props {
  row: AlertRow;
  /** Looks for the curves that the alert names. */
  find: FindSeries;
  folded?: boolean;
}

export function AlertCard({ row, find, folded = false }: Props) {
  const { alert, severity } = row;
  const [open, setOpen] = useState(!folded);
  const id = `alert-${alert.id}`;
  return (
    <article class={`alert level-${severity} ${open ? "" : "folded"}`} aria-labelledby={id}>
      <header>
        <LevelIcon level={severity} size={22} />
        <div class="alert-head">
          <h3 id={id}>{visible(alert.message)}</h3>
          <AlertFacts row={row} />
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
          <Advice alert={alert} />
          <Seen alert={alert} find={find} />
        </div>
      )}
    </article>
  );
}

function AlertFacts({ row: { alert, severity, group } }: { row: AlertRow }) {
  const resolved = group === "resolved";
  return (
    <p class="alert-facts">
      <strong class="level-word">{resolved ? `${LEVEL_WORDS[severity]}, resolved` : LEVEL_WORDS[severity]}</strong>
      <RuleLink rule={alert.rule} />
      <Subject subject={alert.subject} />
      {alert.split !== "train" && <span>in {alert.split}</span>}
      <span>{resolved ? resolvedText(alert) : standingText(alert)}</span>
    </p>
  );
}

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
  training: "the training run",
};

/** `<kind>` or `<kind>:<name>`, see `Alert.subject`. */
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

function resolvedText(alert: Alert): string {
  const end = alert.resolved_step === null ? "" : `, resolved at step ${whole(alert.resolved_step)}`;
  return `from step ${whole(alert.first_step)}${end}`;
}

function standingText(alert: Alert): string {
  const samples = alert.count === 1 ? "seen once" : `seen in ${whole(alert.count)} samples`;
  const last = alert.last_step > alert.first_step ? `, last at step ${whole(alert.last_step)}` : "";
  const again = alert.reopened ? `, came back ${alert.reopened === 1 ? "once" : `${alert.reopened} times`}` : "";
  return `since step ${whole(alert.first_step)}, ${samples}${last}${again}`;
}

function Advice({ alert }: { alert: Alert }) {
  return (
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
            {alert.consequences.map(({ rule, subject, text }) => (
              <li key={rule + subject}>
                {visible(text)} {rule && <RuleLink rule={rule} />}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Seen({ alert, find }: { alert: Alert; find: FindSeries }) {
  const drawn = drawnCurves(alert.curves, find);
  const numbers = Object.entries(alert.evidence);
  return (
    <div class="evidence">
      <h4>What was seen</h4>
      {alert.picture && <Evidence picture={alert.picture} />}
      {alert.examples && <p class="examples">{examplesText(alert.examples)}</p>}
      {alert.examples && <ShownExamples shown={alert.examples.shown} />}
      {drawn && <Sparkline curves={drawn.curves} expected={drawn.expected} mark={alert.first_step} />}
      {numbers.length > 0 && (
        <details class="numbers" open={!alert.picture && !drawn}>
          <summary>All numbers</summary>
          <dl>
            {numbers.map(([name, value]) => (
              <div key={name}>
                <dt>{evidenceName(name)}</dt>
                <dd>{evidenceText(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}
