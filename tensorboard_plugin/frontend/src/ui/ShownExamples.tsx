// The first examples that an alert names: thumbnails, and rows of numbers.
import { useLayoutEffect, useRef } from "preact/hooks";
import { partOfExample } from "../logic/evidence";
import { formatNumber } from "../logic/numbers";
import { visible } from "../logic/text";
import type { Num, ShownExample } from "../types";

export function ShownExamples({ shown }: { shown: ShownExample[] }) {
  if (!shown.length) return null;
  const images = shown.filter((item) => item.png);
  return (
    <div class="shown-examples">
      {images.length > 0 && (
        <figure class="thumbs">
          <ul>
            {images.map((item) => (
              <li key={item.subject + item.place}>
                <img src={`data:image/png;base64,${item.png}`} alt={nameOf(item)} />
                <span>{nameOf(item)}</span>
                <span class="note">
                  {formatNumber(item.low, 3)} to {formatNumber(item.high, 3)}
                </span>
              </li>
            ))}
          </ul>
        </figure>
      )}
      {shown
        .filter((item) => item.values.length)
        .map((item) => (
          <Row key={item.subject + item.place} item={item} />
        ))}
    </div>
  );
}

function Row({ item }: { item: ShownExample }) {
  const { values, first } = item;
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const bad = box.current?.querySelector<HTMLElement>(".bad");
    if (box.current && bad) box.current.scrollLeft = bad.offsetLeft - box.current.clientWidth / 2;
  }, [item]);
  if (item.size === 1) {
    return (
      <p class="example-value">
        {nameOf(item)}: <strong>{formatNumber(values[0], 4)}</strong>
      </p>
    );
  }
  return (
    <figure class="example-row">
      <figcaption>
        {nameOf(item)} <span class="note">{partOfExample(item)}</span>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
      <section ref={box} class="row-values" tabIndex={0} aria-label={`Values of ${nameOf(item)}`}>
        <table>
          <thead>
            <tr>
              {values.map((_, i) => (
                <th key={i} scope="col">
                  {first + i}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              {values.map((value, i) => (
                <td key={i} class={isNumber(value) ? undefined : "bad"}>
                  {formatNumber(value, 4)}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </section>
    </figure>
  );
}

/** NaN and infinities come by their names. */
function isNumber(value: Num): boolean {
  return typeof value === "number";
}

function nameOf({ subject, place }: ShownExample): string {
  return `${visible(subject)} of example ${place}`;
}
