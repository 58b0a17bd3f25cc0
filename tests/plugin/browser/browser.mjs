// A real Chromium on a real TensorBoard.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../tensorboard_plugin/frontend/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the browser; `page` opens the tab with what is shown, and collects what goes wrong in it. `before` gets the
 * page before it loads anything.
 */
export async function open() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  const page = async (base, shown = "", { width = 1280, height = 900, dark = false, before = async () => {} } = {}) => {
    const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true });
    const opened = await context.newPage();
    const problems = [];
    opened.on("console", (message) => {
      const from = message.location().url ?? "";
      // TensorBoard's own page is not under test: only what comes from the tab counts, and what its policy refuses.
      const ours = from.includes("/plugin/inputdiag/") || from.includes("plugin_entry");
      if (/Content Security Policy/.test(message.text()) || (ours && ["error", "warning"].includes(message.type()))) {
        problems.push(`${message.type()}: ${message.text()}`);
      }
    });
    opened.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
    opened.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await opened.addInitScript((isDark) => {
      if (window === window.top)
        localStorage.setItem("_tb_global_settings", JSON.stringify({ theme: isDark ? "dark" : "light" }));
    }, dark);
    await before(opened);
    await opened.goto(`${base}/?darkMode=${dark}#inputdiag${shown ? `&${shown}` : ""}`);
    const frame = opened.frameLocator("iframe[src*=inputdiag], ng-component iframe, iframe").first();
    await frame.locator("#root").waitFor({ timeout: 20000 });
    return { page: opened, frame, problems, close: () => context.close() };
  };
  return { browser, page };
}
