// Small parts that every view uses.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { compileFilter } from "../logic/runs";
import { breakableParts } from "../logic/text";

/** A button that copies a text and confirms it. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [note, setNote] = useState("");
  useEffect(() => {
    if (!note) return undefined;
    const timer = setTimeout(() => setNote(""), 1600);
    return () => clearTimeout(timer);
  }, [note]);
  return (
    <button
      type="button"
      class="button small"
      onClick={() => copy(text).then((done) => setNote(done ? "Copied" : "Select and copy by hand"))}
    >
      <span aria-live="polite">{note || label}</span>
    </button>
  );
}

/** The clipboard API is missing on plain http. Copying from a text area works there. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** A name that wraps between its words. */
export function Name({ children }: { children: string | undefined }) {
  return <>{breakableParts(children ?? "").map((word, at) => (at ? [<wbr key={at} />, word] : word))}</>;
}

/** Code or a message as it was written. */
export function Pre({ children }: { children: string }) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
  return <pre tabIndex={0}>{children}</pre>;
}

/** A group of buttons; one is selected. */
export function Choice<T extends string>(props: {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button type="button" key={value} aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}

/** A field for a regular expression. Reports invalid ones. */
export function Filter(props: { label: string; value: string; onChange: (value: string) => void; small?: boolean }) {
  const { error } = compileFilter(props.value);
  return (
    <span class={props.small ? "filter small" : "filter"}>
      <input
        type="search"
        placeholder={`${props.label} (regex)`}
        aria-label={`${props.label}, a regular expression`}
        aria-invalid={error !== ""}
        value={props.value}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
      {error && (
        <span class="note" role="status">
          {error}
        </span>
      )}
    </span>
  );
}

/** A message for an empty view. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Grey placeholder bars while loading. */
export function Skeleton({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class={tall ? "tall" : ""} style={{ width: `${[92, 64, 78, 50][i % 4]}%` }} />
      ))}
    </div>
  );
}

export function Section(props: {
  title: string;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="section">
      <header class="section-head">
        <h2>{props.title}</h2>
        {props.note && <span class="note">{props.note}</span>}
        {props.tools && <div class="tools">{props.tools}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** Saves a text or picture as a file. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
