// What the user has chosen to look at; kept in the address.
import { effect, signal } from "@preact/signals";
import { DEFAULTS, formatHash, parseHash, type Shown } from "../logic/hash";

/** TensorBoard's own window: same origin, but a page may be opened on its own. */
function host(): Window {
  try {
    void window.parent.location.hash;
    return window.parent;
  } catch {
    return window;
  }
}

export const shown = signal<Shown>({ ...DEFAULTS });
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
    // Another plugin's address is left alone: this tab is then hidden, but still there.
    if (wanted !== target.location.hash && /^#?(inputdiag(&|$)|$)/.test(target.location.hash)) {
      target.history.replaceState(target.history.state, "", wanted);
    }
  };
  effect(() => {
    void shown.value;
    clearTimeout(timer);
    // Browsers refuse a page that changes its address many times a second, as a slider would.
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
