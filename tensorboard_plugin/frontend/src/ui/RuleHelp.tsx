// The documentation of a rule, in a dialog. It is fetched when first asked for.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Pre } from "./common";

export interface RuleDoc {
  title: string;
  severity: string;
  sections: [string, string][];
}

const asked = signal("");
const docs = signal<Record<string, RuleDoc> | null>(null);
const failed = signal(false);
let back: HTMLElement | null = null;

/** Shows the documentation of a rule; the focus goes back to `from` afterwards. */
export function openRule(id: string, from: HTMLElement): void {
  back = from;
  asked.value = id;
  if (docs.peek()) return;
  failed.value = false;
  fetch("./rules.json")
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((found: Record<string, RuleDoc>) => {
      docs.value = found;
    })
    .catch(() => {
      failed.value = true;
    });
}

export function RuleHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = asked.value;
  useEffect(() => {
    if (id && !dialog.current!.open) dialog.current!.showModal();
  }, [id]);
  const close = () => {
    asked.value = "";
    back?.focus();
  };
  const found = docs.value && Object.hasOwn(docs.value, id) ? docs.value[id] : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes a dialog with Escape.
    <dialog
      ref={dialog}
      class="help"
      onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current!.close()}
    >
      {id && (
        <div class="help-inner">
          <header>
            <code>{id}</code>
            <button type="button" class="button small" onClick={() => dialog.current!.close()}>
              Close
            </button>
          </header>
          {found ? (
            <>
              <h2>{found.title}</h2>
              {found.sections.map(([heading, text]) => (
                <section key={heading}>
                  <h3>{heading}</h3>
                  <Prose text={text} />
                </section>
              ))}
            </>
          ) : failed.value ? (
            <p>
              The documentation could not be loaded. In a terminal, <code>tb-inputdiag rules {id}</code> shows it.
            </p>
          ) : docs.value ? (
            <p>
              This is a custom rule, and its documentation is not available here. The alert says what it saw and what to
              do.
            </p>
          ) : (
            <p>Loading…</p>
          )}
        </div>
      )}
    </dialog>
  );
}

/** Paragraphs, lists and code; everything stays text. */
function Prose({ text }: { text: string }) {
  return (
    <>
      {text.split(/(```[\s\S]*?```)/).map((part, i) => {
        if (part.startsWith("```")) return <Pre key={i}>{part.replace(/^```\w*\n?|\n?```$/g, "")}</Pre>;
        return part.split(/\n{2,}/).map((block, j) => block.trim() && <Block key={`${i}.${j}`} text={block} />);
      })}
    </>
  );
}

function Block({ text }: { text: string }) {
  if (text.startsWith("    ")) return <Pre>{text.replace(/^ {4}/gm, "")}</Pre>;
  const items = text
    .trim()
    .split(/^[-*] /m)
    .filter((item) => item.trim());
  if (/^[-*] /.test(text.trim()))
    return (
      <ul class="dots">
        {items.map((item, i) => (
          <li key={i}>{inline(item)}</li>
        ))}
      </ul>
    );
  return <p>{inline(text)}</p>;
}

function inline(text: string) {
  return text.split(/(`[^`]+`|https:\/\/[^\s)>,]+)/).map((part, i) => {
    if (/^`.+`$/s.test(part)) return <code key={i}>{part.slice(1, -1)}</code>;
    if (part.startsWith("https://"))
      return (
        <a key={i} href={part} target="_blank" rel="noopener noreferrer">
          {part}
        </a>
      );
    return part;
  });
}
