// The name of a rule: a click shows its documentation.
import { visible } from "../logic/text";
import { openRule } from "./RuleHelp";

export function RuleLink({ rule }: { rule: string }) {
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
