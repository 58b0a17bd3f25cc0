// Cards in a real Chromium, in the pages that notebooks put them into: node cards.mjs FILE. Prints one JSON line a check.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

const require = createRequire(new URL("../../../tensorboard_plugin/frontend/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const cards = await readFile(process.argv[2], "utf8");

/** Name of a notebook's page -> attributes of its body, what the operating system prefers, what is expected. */
const PAGES = {
  "plain, light": ["", "light", "light"],
  "plain, dark": ["", "dark", "dark"],
  "JupyterLab light on a dark system": ['data-jp-theme-light="true"', "dark", "light"],
  "JupyterLab dark on a light system": ['data-jp-theme-light="false"', "light", "dark"],
  "Visual Studio Code light on a dark system": ['class="vscode-light"', "dark", "light"],
  "Visual Studio Code dark on a light system": ['class="vscode-dark"', "light", "dark"],
};
/** Some of JupyterLab's rules for outputs, which a card must not take over. */
const HOST = `
.host h3{font-weight:400;font-size:30px;margin:40px} .host td,.host th{text-align:right;border:none}
.host dl dt{float:left;width:20ch;font-weight:700;font-style:italic} .host dl dd{padding-left:20ch}
.host tbody tr:nth-child(odd){background:rgb(1,2,3)} .host pre{background:rgb(4,5,6);margin:30px}`;

/** What is wrong with the cards on a page. */
function problems(theme) {
  const found = [];
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map((v) => {
      const c = Number(v) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const own = document.querySelectorAll(".tb-inputdiag");
  if (own.length < 3) found.push(`${own.length} cards`);
  for (const card of own) {
    const dark = luminance(getComputedStyle(card).backgroundColor) < 0.2;
    if (dark !== (theme === "dark")) found.push(`a card is ${dark ? "dark" : "light"}`);
    if (card.scrollWidth > card.clientWidth + 1) found.push("a card is wider than its page");
    for (const element of card.querySelectorAll("p,dt,dd,h3,b,pre,span,figcaption,td,th")) {
      if (!element.innerText?.trim() || !element.checkVisibility()) continue;
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < 4.5) found.push(`contrast of ${contrast.toFixed(1)}: ${element.innerText.slice(0, 40)}`);
    }
    for (const pre of card.querySelectorAll("pre"))
      if (getComputedStyle(pre).marginTop !== "10px") found.push("a rule of the page reaches a card");
    for (const row of card.querySelectorAll("tbody tr"))
      if (getComputedStyle(row).backgroundColor === "rgb(1, 2, 3)") found.push("a rule of the page reaches a table");
  }
  const outside = getComputedStyle(document.querySelector("#outside"));
  if (outside.fontSize !== "30px" || outside.fontWeight !== "400") found.push("a card changes the page around it");
  return found;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
for (const [name, [attributes, colorScheme, theme]] of Object.entries(PAGES)) {
  for (const width of [1100, 420]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const seen = [];
    page.on("request", (request) => {
      if (!/^(data|about):/.test(request.url())) seen.push(`fetches ${request.url()}`);
    });
    page.on("dialog", (dialog) => {
      seen.push("runs a script");
      void dialog.dismiss();
    });
    const before = theme === "dark" ? "background:#111" : "background:#fff";
    await page.setContent(
      `<style>${HOST}</style><body ${attributes} style="${before}"><div class="host"><h3 id="outside">x</h3>${cards}</div>`,
    );
    const problem = [...new Set([...seen, ...(await page.evaluate(problems, theme))])].join("; ");
    console.log(JSON.stringify({ name: `${name}, ${width} wide`, problem }));
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}, ${width}.png`, fullPage: true });
    await context.close();
  }
}
await browser.close();
