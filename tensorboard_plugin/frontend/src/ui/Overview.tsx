// The first view: is the run healthy, and what should be done?
import { useMemo } from "preact/hooks";
import { finder, quantitiesOf } from "../logic/alertCurves";
import { ago, count, duration, formatNumber, shape, sizeBytes, whole } from "../logic/numbers";
import { isServed, seriesKey } from "../logic/seriesKey";
import {
  backendOf,
  costText,
  type Level,
  LIFE_WORDS,
  lifeOf,
  lifeText,
  verdictText,
  verdictTitle,
} from "../logic/status";
import { visible } from "../logic/text";
import { type RunFacts, useFacts, useSeries } from "../state/feeds";
import { names } from "../state/live";
import { now } from "../state/shown";
import type { Failure, RunRow } from "../types";
import { AlertCard } from "./AlertCard";
import { Name, Pre, Section, Skeleton } from "./common";
import { LevelIcon } from "./icons";
import { NotJudgedRules, Unread } from "./NotJudged";
import { markers, OverTime, useMainLines } from "./OverTime";

/** The route accepts 64 at once. */
const MOST_CURVES = 60;

export function Overview({ row }: { row: RunRow }) {
  const facts = useFacts(row.id);
  const found = facts?.data.value;
  const alerts = found?.alerts ?? [];
  const open = alerts.filter((a) => a.group === "standing");
  const resolved = alerts.filter((a) => a.group === "resolved");
  const main = useMainLines(row, found);
  // The main charts load first: in a long log, curves of single tensors take seconds to read.
  const wanted = main.complete ? [...open, ...resolved].flatMap((a) => quantitiesOf(a.alert.curves)) : [];
  const key = JSON.stringify([...new Set(wanted.filter(isServed).map(seriesKey))].slice(0, MOST_CURVES));
  const quantities = useMemo<string[]>(() => JSON.parse(key), [key]);
  const find = finder(useSeries(row.id, quantities, 120, null)?.data.value, found?.epochs ?? []);
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
              find={find}
              folded={i > 3 || (i > 0 && alert.severity === "info")}
            />
          ))}
        </section>
      )}
      {found && row.failure && open.some((a) => a.severity === "error") && (
        <Exceptions failures={found.answer.failures} folded />
      )}
      {found && row.samples > 0 && <OverTime lines={main} marks={markers(open)} fits={found.answer.fit_steps} />}
      {resolved.length > 0 && (
        <Section title="Resolved" note={count(resolved.length, "alert")}>
          <div class="alerts resolved">
            {resolved.map((alert) => (
              <AlertCard key={alert.alert.id} row={alert} find={find} folded />
            ))}
          </div>
        </Section>
      )}
      {found && <NotJudgedRules rules={found.answer.not_judged} />}
      {found && <Unread degraded={found.answer.degraded} />}
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

/** How far training is and what watching it costs; a check of a whole data set has neither. */
function Training({ row }: { row: RunRow }) {
  return (
    <>
      <div>
        <dt>Progress</dt>
        <dd>step {whole(row.step)}</dd>
        <dd class="note">
          {row.epochs ? `epoch ${row.epoch + 1} of ${row.epochs}` : `epoch ${row.epoch + 1}`}
          {row.fits > 1 && `, fit ${whole(row.fits)}`}
          {row.loss !== null && `, loss ${formatNumber(row.loss, 3)}`}
        </dd>
      </div>
      <div>
        <dt>Cost of watching</dt>
        <dd
          title={
            row.cost_is_least
              ? "Every step is sampled, so there is no unsampled step to compare with. This is the time on the host."
              : undefined
          }
        >
          {costText(row)}
        </dd>
        <dd class="note">
          {row.cost_share !== null
            ? `and ${duration(row.setup_s)} to set up, ${sizeBytes(row.log_bytes)}`
            : "not yet known"}
        </dd>
      </div>
    </>
  );
}

function Facts({ row, facts }: { row: RunRow; facts: RunFacts | undefined }) {
  const done = facts?.answer.completeness;
  const reading = done && done.samples_read < done.samples_logged;
  const end = facts?.answer.end;
  const backend = backendOf(facts?.answer.start?.versions ?? {});
  const life = lifeOf(row, now.value);
  return (
    <dl class="facts">
      <div>
        <dt>{life === "running" || life === "silent" ? "Last event" : "Ended"}</dt>
        <dd>{ago(now.value - row.last_event_time)}</dd>
        <dd class="note">{life === "running" ? "running" : lifeText(row, now.value)}</dd>
      </div>
      {row.mode !== "data" && <Training row={row} />}
      {backend && (
        <div>
          <dt>Backend</dt>
          <dd>{backend.name}</dd>
          <dd class="note">{backend.version}</dd>
        </div>
      )}
      <div title={done?.proven ? "The totals come from the log itself." : "The log does not contain its totals yet."}>
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
    <Section title="The exception that ended the run">
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
                  <th>What the step received</th>
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
