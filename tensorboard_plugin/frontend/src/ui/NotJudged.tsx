// The rules that could not judge this run, and what could not be read of its model.
import { count } from "../logic/numbers";
import { visible } from "../logic/text";
import type { Degraded, NotJudged } from "../types";
import { Section } from "./common";
import { RuleLink } from "./RuleLink";

export function NotJudgedRules({ rules }: { rules: readonly NotJudged[] }) {
  if (rules.length === 0) return null;
  return (
    <Section title="Not judged" note={`${count(rules.length, "rule")} could not judge this run`}>
      <ul class="not-judged">
        {rules.map(({ rule, reason }) => (
          <li key={rule}>
            <RuleLink rule={rule} /> <span>{visible(reason)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What could not be read, because this version of Keras has it elsewhere or not at all. */
export function Unread({ degraded }: { degraded: readonly Degraded[] }) {
  if (degraded.length === 0) return null;
  return (
    <Section title="Not read from this version of Keras">
      <ul class="not-judged">
        {degraded.map(({ accessor, effect }) => (
          <li key={accessor}>
            <code>{visible(accessor)}</code> <span>{visible(effect)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
