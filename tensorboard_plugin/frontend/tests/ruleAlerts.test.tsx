// Every rule's alert, shown as the page shows it.
import { render } from "preact-render-to-string";
import { describe, expect, inject, it } from "vitest";
import { interval } from "../src/logic/numbers";
import { extremeSizes, limitText } from "../src/logic/pictures";
import { isServed, seriesKey } from "../src/logic/seriesKey";
import type { Picture } from "../src/types";
import { AlertCard } from "../src/ui/AlertCard";

const ALERTS = inject("ruleAlerts").map((item) => [item.example, item] as const);

/** What a reader must find in the drawing: what was seen, and what was expected. */
function seenAndExpected(picture: Picture): string[] {
  switch (picture.kind) {
    case "range":
      return [...picture.seen, picture.expected].flatMap((span) => [span.label, interval(span.low, span.high)]);
    case "limit":
      return [
        picture.label,
        limitText(picture.value, picture.unit),
        `Expected ${picture.bound} ${limitText(picture.limit, picture.unit)}`,
      ];
    case "shapes":
      return [
        picture.seen_label,
        picture.expected_label,
        ...[...picture.seen, ...picture.expected].map((n) => `${n ?? "any"}`),
      ];
    case "words":
      return [picture.seen_label, picture.expected_label, picture.seen, picture.expected];
    case "sizes":
      return [picture.label, ...extremeSizes(picture).map((place) => picture.names[place]!)];
  }
}

/** Returns the text of markup, in one line. */
function textOf(html: string): string {
  const text = html
    .replace(/<[^>]*>/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"');
  return text.replace(/&amp;/g, "&").replace(/\s+/g, " ");
}

describe("the alert of every rule", () => {
  it.each(ALERTS)("%s: shows what was seen against what was expected", (_, { row }) => {
    const { alert } = row;
    expect(alert.picture, "the rule gives no picture").not.toBeNull();
    const html = render(<AlertCard row={row} find={() => undefined} />);
    const text = textOf(html);
    for (const part of [alert.message, "What was seen", ...seenAndExpected(alert.picture!)]) {
      expect(text).toContain(part.replace(/\s+/g, " "));
    }
    expect(html).not.toMatch(/NaN%|undefined|Infinity/);
  });
  it.each(ALERTS)("%s: names curves as the server does, and such that it has", (_, { keys }) => {
    for (const [quantity, key] of keys) {
      expect(seriesKey(quantity)).toBe(key);
      expect(quantity.stream === "epochs" || isServed(quantity), `${key} is not kept`).toBe(true);
    }
  });
});
