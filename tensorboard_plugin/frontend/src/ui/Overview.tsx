// Is the run healthy, and what is to be done: the view that opens first.
import { useMemo } from "preact/hooks";
import { curvesOf, quantitiesOf } from "../logic/alertCurves";
import { ago, count, duration, formatNumber, shape, sizeBytes, whole } from "../logic/numbers";
import { costText, type Level, LIFE_WORDS, lifeOf, lifeText, verdictText, verdictTitle } from "../logic/status";
import { visible } from "../logic/text";
import { names } from "../state/live";
import { now } from "../state/shown";
import { type RunFacts, useFacts, useSeries } from "../state/sources";
import type { Failure, RunRow } from "../types";
import { AlertCard } from "./AlertCard";
import { Name, Pre, Section, Skeleton } from "./common";
import { LevelIcon } from "./icons";
import { markers, OverTime, useMainLines } from "./OverTime";

/** The route takes 64 at once. */
const MOST_CURVES = 60;

export function Overview({ row }: { row: RunRow }) {
  const facts = useFacts(row.id);
  const found = facts?.data.value;
  const alerts = found?.alerts ?? [];
  const open = alerts.filter((a) => a.alert.state === "open" && a.alert.caused_by === null);
  const resolved = alerts.filter((a) => a.alert.state === "resolved" && a.alert.caused_by === null);
  const wanted = [...open, ...resolved].flatMap((a) => curvesOf(a.alert).flatMap(quantitiesOf));
  const main = useMainLines(row, found);
  // The large curves come first: in a long log those of single tensors take seconds to read.
  const key = main.complete ? JSON.stringify(wanted) : "[]";
  const quantities = useMemo(() => [...new Set<string>(JSON.parse(key))].slice(0, MOST_CURVES), [key]);
  const curves = useSeries(row.id, quantities, 120, null)?.data.value;
  return (
    <>
      <Verdict row={row} facts={found} />
      {facts?.error.value && (
        <p class="problem" role="alert">
          {facts.error.value}
        </p>
      )}
      {row.problem && (
        <p class="problem" role="alert">
          Parts of this log cannot be read: {row.problem}
        </p>
      )}
      {!found && <Skeleton lines={3} tall />}
      {found && row.failure && open.every((a) => a.severity !== "error") && (
        <Exceptions failures={found.answer.failures} />
      )}
      {open.length > 0 && (
        <section class="alerts" aria-label="Open alerts">
          {open.map((alert, i) => (
            <AlertCard
              key={alert.alert.id}
              row={alert}
              curves={curves}
              folded={i > 3 || (i > 0 && alert.severity === "info")}
            />
          ))}
        </section>
      )}
      {found && row.failure && open.some((a) => a.severity === "error") && (
        <Exceptions failures={found.answer.failures} folded />
      )}
      {found && row.samples > 0 && <OverTime lines={main} marks={markers(open)} />}
      {resolved.length > 0 && (
        <Section title="Resolved" note={count(resolved.length, "alert")}>
          <div class="alerts resolved">
            {resolved.map((alert) => (
              <AlertCard key={alert.alert.id} row={alert} curves={curves} folded />
            ))}
          </div>
        </Section>
      )}
    </>
  );
}

function Verdict({ row, facts }: { row: RunRow; facts: RunFacts | undefined }) {
  const life = lifeOf(row, now.value);
  const level = row.verdict as Level;
  return (
    <header class={`verdict level-${level}`}>
      <LevelIcon level={level} size={40} />
      <div class="verdict-text">
        <p class="verdict-run">
          <Name>{names.value.get(row.id)}</Name> <span class={`life life-${life}`}>{LIFE_WORDS[life]}</span>
        </p>
        <h2>{verdictTitle(row, now.value)}</h2>
        <p>{verdictText(row, now.value)}</p>
      </div>
      <Facts row={row} facts={facts} />
    </header>
  );
}

function Facts({ row, facts }: { row: RunRow; facts: RunFacts | undefined }) {
  const done = facts?.answer.completeness;
  const reading = done && done.samples_read < done.samples_logged;
  const end = facts?.answer.end;
  const life = lifeOf(row, now.value);
  return (
    <dl class="facts">
      <div>
        <dt>{life === "live" || life === "silent" ? "Last heard" : "Ended"}</dt>
        <dd>{ago(now.value - row.heard)}</dd>
        <dd class="note">{life === "live" ? "live" : lifeText(row, now.value)}</dd>
      </div>
      <div>
        <dt>Progress</dt>
        <dd>step {whole(row.step)}</dd>
        <dd class="note">
          {row.epochs ? `epoch ${row.epoch + 1} of ${row.epochs}` : `epoch ${row.epoch + 1}`}
          {row.loss !== null && `, loss ${formatNumber(row.loss, 3)}`}
        </dd>
      </div>
      <div>
        <dt>Cost of watching</dt>
        <dd
          title={
            row.cost_is_least
              ? "Every step is sampled, so there is none to compare with: this is what the host took."
              : undefined
          }
        >
          {costText(row)}
        </dd>
        <dd class="note">
          {row.elapsed_s > 0 ? `and ${duration(row.setup_s)} to set up, ${sizeBytes(row.log_bytes)}` : "not yet known"}
        </dd>
      </div>
      <div
        title={done?.proven ? "The log itself says how much there is." : "The log does not say yet how much there is."}
      >
        <dt>Complete</dt>
        <dd>{done ? `${whole(done.samples_read)} of ${whole(done.samples_logged)}` : whole(row.samples)} samples</dd>
        <dd class="note">
          {reading
            ? "reading …"
            : done
              ? `${whole(done.alerts_read)} of ${whole(done.alerts_logged)} alert records`
              : ""}
        </dd>
      </div>
      {end && end.recording_stopped_step !== null && (
        <div class="wide">
          <dt>Recording stopped</dt>
          <dd>at step {whole(end.recording_stopped_step)}</dd>
          <dd class="note">{end.reason}</dd>
        </div>
      )}
    </dl>
  );
}

function Exceptions({ failures, folded = false }: { failures: Failure[]; folded?: boolean }) {
  if (failures.length === 0) return null;
  return (
    <Section title="The exception that ended it">
      {failures.map((failure, i) => (
        <details class="failure" key={i} open={!folded}>
          <summary>
            <code>{failure.exception}</code> at step {whole(failure.step)}
            {failure.where && (
              <>
                {" "}
                in layer <code>{visible(failure.where)}</code>
              </>
            )}
          </summary>
          <Pre>{visible(failure.message)}</Pre>
          {failure.fed.length > 0 && (
            <table class="plain">
              <thead>
                <tr>
                  <th>What the step got</th>
                  <th>Shape</th>
                  <th>Dtype</th>
                </tr>
              </thead>
              <tbody>
                {failure.fed.map((tensor) => (
                  <tr key={`${tensor.role}:${tensor.name}`}>
                    <td>
                      {tensor.role.replace("_", " ")} <code>{visible(tensor.name)}</code>
                    </td>
                    <td>
                      <code>{shape(tensor.shape)}</code>
                    </td>
                    <td>
                      <code>{tensor.dtype}</code>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </details>
      ))}
    </Section>
  );
}
