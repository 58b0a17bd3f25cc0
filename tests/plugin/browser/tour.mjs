// Takes the frames of README.md's animation: node tour.mjs BASE OUT SCENES. SCENES is a JSON file, in order of a list of
// {"text": what a terminal shows} or {"run": ..., "shown": rest of the address, "click": text to press first}.
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { open } from "./browser.mjs";

const [base, out, file] = process.argv.slice(2);
const SIZE = { width: 1120, height: 700 };
const TERMINAL = `<style>
  body { margin: 0; background: #16191d; color: #d5dae0; font: 16px/1.36 "DejaVu Sans Mono", monospace; }
  pre { margin: 26px 34px; white-space: pre; font: inherit; }
  .prompt { color: #7fd18b; } .WARNING { color: #f0b952; font-weight: bold; } .fix { color: #8fc7ff; }
</style><pre></pre>`;

/** What a terminal shows: prompts, the first line of a warning, and the fix stand out. */
function fill(text) {
  const looks = [
    ["prompt", /^\$ /],
    ["WARNING", /^WARNING (?!or )/],
    ["fix", /^ {2}fix/],
  ];
  const pre = document.querySelector("pre");
  for (const line of text.split("\n")) {
    const row = document.createElement("span");
    row.textContent = `${line}\n`;
    row.className = looks.find(([, begin]) => begin.test(line))?.[0] ?? "";
    pre.append(row);
  }
}

mkdirSync(out, { recursive: true });
const { browser, page: openPage } = await open();
const runs = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs;
const scenes = JSON.parse(await readFile(file, "utf8"));
for (const [index, scene] of scenes.entries()) {
  const path = `${out}/${String(index).padStart(2, "0")}.png`;
  if (scene.text !== undefined) {
    const page = await browser.newPage({ viewport: SIZE });
    await page.setContent(TERMINAL);
    await page.evaluate(fill, scene.text);
    await page.screenshot({ path });
    await page.close();
    continue;
  }
  const id = runs.find((row) => row.run === scene.run).id;
  const { page, frame, close } = await openPage(base, `run=${encodeURIComponent(id)}${scene.shown ?? ""}`, SIZE);
  await page.waitForTimeout(2500);
  if (scene.click) {
    await frame.getByText(scene.click, { exact: false }).first().click();
    await page.waitForTimeout(800);
  }
  await page.screenshot({ path });
  await close();
}
await browser.close();
