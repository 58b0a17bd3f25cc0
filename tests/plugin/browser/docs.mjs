// Takes the pictures of README.md and docs/dashboard.md: node docs.mjs BASE OUT, on the logs of `python -m demo --all`.
import { mkdirSync } from "node:fs";
import { open } from "./browser.mjs";

const [base, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const { browser, page: openPage } = await open();
const runs = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs;
const PICTURES = [
  ["overview", "unscaled_pixels", "", { height: 960 }],
  ["crash", "wrong_shape", "", { height: 720 }],
  ["inputs", "unscaled_pixels", "&view=inputs", { height: 1000 }],
  ["dataset", "whole_data_set", "&view=dataset", { height: 560 }],
  ["layers", "vanishing_gradients", "&view=layers", { height: 1000 }],
  ["layers-dark", "vanishing_gradients", "&view=layers", { height: 1000, dark: true }],
];
for (const [name, run, rest, options] of PICTURES) {
  const id = runs.find((row) => row.run === run).id;
  const { page, close } = await openPage(base, `run=${encodeURIComponent(id)}${rest}`, options);
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `${out}/dashboard-${name}.png` });
  await close();
}
await browser.close();
