// Takes the pictures of docs/dashboard.md: node docs.mjs BASE OUT, on the logs of tests.plugin.scenarios.
import { mkdirSync } from "node:fs";
import { open } from "./browser.mjs";

const [base, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const { browser, page: openPage } = await open();
const runs = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs;
const PICTURES = [
  ["overview", "unscaled", "", { height: 1120 }],
  ["overview-dark", "unscaled", "", { height: 1120, dark: true }],
  ["crash", "mismatched", "", { height: 720 }],
  ["inputs", "unscaled", "&view=inputs", { height: 1000 }],
  ["layers-dark", "exploded", "&view=layers&row=conv2d%2Fkernel", { height: 1320, dark: true }],
];
for (const [name, run, rest, options] of PICTURES) {
  const id = runs.find((row) => row.run === run).id;
  const { page, close } = await openPage(base, `run=${encodeURIComponent(id)}${rest}`, options);
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `${out}/dashboard-${name}.png` });
  await close();
}
await browser.close();
