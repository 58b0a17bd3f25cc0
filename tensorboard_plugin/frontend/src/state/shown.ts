// What the user has chosen to see. It is kept in the address.
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { DEFAULTS, formatHash, parseHash, type Shown } from "../logic/hash";

/** Returns TensorBoard's window, or this one if the page was opened on its own. */
function host(): Window {
  try {
    void window.parent.location.hash;
    return window.parent;
  } catch {
    return window;
  }
}

export const shown = signal<Shown>({ ...DEFAULTS });
/** Each of what is shown as a signal of its own: who reads one is drawn again only when that one changes. */
export const part = Object.fromEntries(
  (Object.keys(DEFAULTS) as (keyof Shown)[]).map((key) => [key, computed(() => shown.value[key])]),
) as { readonly [Key in keyof Shown]: ReadonlySignal<Shown[Key]> };
export const dark = signal(false);
/** The server's clock, in seconds. */
export const now = signal(Date.now() / 1000);

/** Changes some of what is shown. */
export function show(change: Partial<Shown>): void {
  shown.value = { ...shown.peek(), ...change };
}

/** Reads the address, follows it, and keeps it up to date. `views` are the ids of the views. */
export function followAddress(views: readonly string[]): void {
  const target = host();
  shown.value = parseHash(target.location.hash, views);
  target.addEventListener("hashchange", () => {
    if (/^#inputdiag(&|$)/.test(target.location.hash)) shown.value = parseHash(target.location.hash, views);
  });
  let timer = 0;
  const write = () => {
    const wanted = formatHash(shown.peek());
    // Never changes the address of another plugin: this tab is hidden then, but still loaded.
    if (wanted !== target.location.hash && /^#?(inputdiag(&|$)|$)/.test(target.location.hash)) {
      target.history.replaceState(target.history.state, "", wanted);
    }
  };
  effect(() => {
    void shown.value;
    clearTimeout(timer);
    // Browsers block pages that change their address many times a second, as a slider would.
    timer = window.setTimeout(write, 150);
  });
}

/** Follows TensorBoard's light and dark theme. */
export function followTheme(): void {
  const body = host().document.body;
  const read = () => {
    const isDark = body.classList.contains("dark-mode");
    dark.value = isDark;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  };
  read();
  new MutationObserver(read).observe(body, { attributes: true, attributeFilter: ["class"] });
}
