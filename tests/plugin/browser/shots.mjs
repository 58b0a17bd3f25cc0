// Takes pictures of every view: node shots.mjs BASE_URL OUT [scenario=view ...]
import { mkdirSync } from "node:fs";
import { open } from "./browser.mjs";

const [base, out, ...only] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const SHOTS = only.length
  ? only.map((s) => s.split("="))
  : [
      ["unscaled", "overview"],
      ["healthy", "overview"],
      ["mismatched", "overview"],
      ["exploded", "overview"],
      ["unscaled", "inputs"],
      ["exploded", "layers"],
      ["unscaled", "model"],
      ["exploded", "compare"],
    ];
const { browser, page: open_page } = await open();
const runs = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs;
for (const theme of ["light", "dark"]) {
  for (const width of [1280, 800]) {
    for (const [run, view] of SHOTS) {
      const id = runs.find((row) => row.run === run)?.id ?? "";
      const { page, frame, problems } = await open_page(base, `view=${view}&run=${encodeURIComponent(id)}`, {
        width,
        height: 900,
        dark: theme === "dark",
      });
      await page.waitForTimeout(1200);
      await frame.locator("main").first().waitFor();
      await page.screenshot({ path: `${out}/${view}-${run}-${theme}-${width}.png` });
      if (problems.length) console.log(view, run, theme, width, problems);
      await page.close();
    }
  }
}
await browser.close();
