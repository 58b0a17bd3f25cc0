// Looks at the dashboard as a person would: node run.mjs BASE_FAST BASE_PYTHON. Prints one JSON line a check.
import { readFile } from "node:fs/promises";
import { open } from "./browser.mjs";

const [fast, python] = process.argv.slice(2);
const { browser, page: openPage } = await open();
const listing = (await (await fetch(`${fast}/data/plugin/inputdiag/runs`)).json()).runs;
const idOf = (run) => listing.find((row) => row.run === run).id;
const shown = (run, rest = "") => `run=${encodeURIComponent(idOf(run))}${rest}`;
const VIEWS = ["overview", "inputs", "layers", "model", "compare"];
const HOSTILE = "<b onmouseover=alert(1)>run";

class Wrong extends Error {}
function want(condition, message) {
  if (!condition) throw new Wrong(message);
}
async function until(look, what, ms = 8000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    last = await look();
    if (last) return last;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Wrong(`${what} did not happen within ${ms} ms`);
}
const text = (frame, selector) => frame.locator(selector).first().innerText();
const inside = (page) => page.frames().find((frame) => frame.url().includes("plugin_entry"));

/** Texts whose contrast with what is behind them is below WCAG AA. */
function faint() {
  const parse = (colour) => {
    const found = colour.match(/[\d.]+/g).map(Number);
    const scale = colour.startsWith("color(") ? 255 : 1;
    return [found[0] * scale, found[1] * scale, found[2] * scale, found[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (
      !walker.currentNode.textContent.trim() ||
      !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    )
      continue;
    if (element.closest("option, .offscreen, svg, .chip:not(.plain-chip)")) continue;
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(getComputedStyle(at));
    let behind = [255, 255, 255];
    for (const style of layers) {
      behind = over(parse(style.backgroundColor), behind);
      const gradient = /linear-gradient\((?:[^,]*deg, )?((?:rgb|color)[^)]*\))/.exec(style.backgroundImage);
      if (gradient && !style.backgroundImage.startsWith("repeating")) behind = over(parse(gradient[1]), behind);
    }
    const style = getComputedStyle(element);
    const front = over(parse(style.color), behind);
    const [a, b] = [light(front), light(behind)].sort((x, y) => y - x);
    const large =
      parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5))
      out.push(`${((a + 0.05) / (b + 0.05)).toFixed(2)} “${walker.currentNode.textContent.trim().slice(0, 40)}”`);
  }
  return [...new Set(out)];
}

const checks = {};

for (const dark of [false, true]) {
  const theme = dark ? "dark" : "light";
  for (const view of VIEWS) {
    checks[`${view} is complete, legible and without complaints in ${theme}`] = async () => {
      const run = view === "layers" ? "exploded" : "unscaled";
      const { page, frame, problems, close } = await openPage(fast, shown(run, `&view=${view}`), {
        dark,
        height: 1600,
      });
      const expected = {
        overview: "Needs attention: 1 warning",
        inputs: "Distribution",
        layers: "conv2d/kernel",
        model: "scale judged here",
        compare: "Worst alert",
      }[view];
      await until(async () => (await text(frame, "main")).includes(expected), `“${expected}”`);
      await until(async () => (await frame.locator(".skeleton").count()) === 0, "loading ends");
      want(
        (await inside(page).evaluate(() => document.documentElement.dataset.theme)) === theme,
        `the theme is not ${theme}`,
      );
      const bad = await inside(page).evaluate(faint);
      want(bad.length === 0, `too little contrast: ${bad.join("; ")}`);
      const unnamed = await inside(page).evaluate(() =>
        [...document.querySelectorAll("button, input, summary, [role=img], canvas[tabindex]")]
          .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))
          .map((e) => e.outerHTML.slice(0, 80)),
      );
      want(unnamed.length === 0, `controls without a name: ${unnamed.join("; ")}`);
      want(problems.length === 0, problems.join("; "));
      await close();
    };
  }
}

checks["each run shows its verdict and what to do"] = async () => {
  const { frame, page, problems, close } = await openPage(fast, shown("mismatched"));
  await until(async () => (await text(frame, ".verdict h2")) === "Failed before its first step", "the verdict");
  const alert = await until(async () => (await frame.locator(".alert").count()) && text(frame, ".alert"), "the alert");
  for (const part of ["(32, 784)", "x = x.reshape(-1, 28, 28, 1)", "What to do", "Received", "Expected"])
    want(alert.includes(part), `no “${part}” in the alert`);
  want((await text(frame, "main")).includes("ValueError"), "the exception is not shown");
  await frame.locator(".run", { hasText: "healthy" }).click();
  await until(async () => (await text(frame, ".verdict h2")) === "Healthy", "healthy");
  want(
    (await text(frame, ".verdict")).includes("305 of 305 samples") ||
      (await until(async () => (await text(frame, ".verdict")).includes("305 of 305 samples"), "completeness")),
    "completeness",
  );
  await frame.locator(".run", { hasText: "unscaled" }).click();
  await until(
    async () => (await frame.locator("section:has(> header h2:text-is('Resolved')) .alert").count()) === 1,
    "the resolved alert, apart",
  );
  want((await frame.locator(".alert .range-bar.bad").count()) > 0, "the range is not drawn");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await frame.locator(".alert .fix-head button").first().click();
  await until(async () => (await text(frame, ".alert .fix-head button")) === "Copied", "the button says so");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  want(copied === (await text(frame, ".alert pre")), `the clipboard holds ${copied}`);
  want(
    (await frame.locator(".consequences .link", { hasText: "learning-rate-too-high" }).count()) === 1,
    "a consequence does not lead to its rule",
  );
  await frame.locator(".alert .link").first().click();
  await until(async () => (await frame.locator("dialog[open] h2").count()) > 0, "the rule's documentation");
  await page.keyboard.press("Escape");
  await until(async () => (await frame.locator("dialog[open]").count()) === 0, "the dialog closes");
  want(problems.length === 0, problems.join("; "));
  await close();
};

for (const dark of [false, true]) {
  const theme = dark ? "dark" : "light";
  checks[`dataset is complete, legible and without complaints in ${theme}`] = async () => {
    const { page, frame, problems, close } = await openPage(fast, shown("table", "&view=dataset"), { dark });
    await until(async () => (await text(frame, "main")).includes("constant-feature"), "the findings");
    const bad = await inside(page).evaluate(faint);
    want(bad.length === 0, `too little contrast: ${bad.join("; ")}`);
    want(problems.length === 0, problems.join("; "));
    await close();
  };
}

checks["a data set shows each column in all parts, and what was found about it"] = async () => {
  const { page, frame, problems, close } = await openPage(fast, shown("table", "&view=dataset"), { height: 1400 });
  const rows = frame.locator(".columns tbody tr:not(.columns-of)");
  await until(async () => (await rows.count()) === 10, "five columns in two parts");
  const age = await rows.filter({ has: frame.locator("th", { hasText: /^age$/ }) }).innerText();
  for (const part of ["train", "float64", "14 %", "non-finite-input"]) want(age.includes(part), `no ${part} in ${age}`);
  want((await text(frame, ".columns .categories")).includes("Rome"), "no categories");
  want((await frame.locator(".column-histogram svg").count()) === 3, "a histogram for each column of numbers, classes");
  want((await text(frame, "main")).includes("690 = 0"), "the copies have no pairs");
  want((await text(frame, "main")).includes("onerror="), "a hostile name is missing");
  want((await frame.locator("main [onerror], main script").count()) === 0, "markup ran");
  for (const tab of ["layers"]) want((await frame.locator(`#tab-${tab}`).count()) === 0, `a tab ${tab} without steps`);
  await frame.locator(".choice button", { hasText: "With findings" }).click();
  await until(async () => (await rows.count()) < 10, "columns without a finding go away");
  await frame.locator(".choice button", { hasText: "All" }).click();
  await frame.locator(".filter.small input").fill("const");
  await until(async () => (await rows.count()) === 2, "the filter");
  await frame.locator(".columns .link.rule").first().click();
  await until(async () => (await frame.locator("dialog[open] h2").count()) > 0, "the rule's documentation");
  await page.keyboard.press("Escape");
  await frame.locator(".run", { hasText: "healthy" }).click();
  await until(async () => (await frame.locator("#tab-overview[aria-selected=true]").count()) === 1, "the first view");
  want((await frame.locator("#tab-dataset").count()) === 0, "a tab for a data set that there is not");
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["a data set is not cut off between 800 and 2560 pixels"] = async () => {
  for (const width of [800, 1280, 2560]) {
    const { page, frame, close } = await openPage(fast, shown("table", "&view=dataset"), { width });
    await frame.locator(".columns").waitFor();
    const over = await inside(page).evaluate(() => {
      const main = document.querySelector("main");
      return main.scrollWidth - main.clientWidth;
    });
    want(over <= 0, `${over} px too wide at ${width}`);
    await close();
  }
};

checks["hostile names stay text in every view"] = async () => {
  for (const view of VIEWS) {
    const { frame, page, problems, close } = await openPage(fast, shown(HOSTILE, `&view=${view}`), { height: 1400 });
    await until(async () => (await text(frame, "main")).includes("onerror="), `the name in ${view}`);
    await page.waitForTimeout(300);
    const found = await inside(page).evaluate(() => ({
      hit: "hit" in window || "hit" in window.parent,
      images: [...document.images].filter((image) => !image.src.startsWith("data:image/png;base64,")).length,
      scripts: document.getElementById("root").querySelectorAll("script, b[onmouseover], [onerror]").length,
      hidden: /\u202e/.test(document.body.innerText),
    }));
    want(!found.hit && found.images === 0 && found.scripts === 0, `markup ran in ${view}: ${JSON.stringify(found)}`);
    want(!found.hidden, `an unseen character is left in ${view}`);
    want(problems.length === 0, `${view}: ${problems.join("; ")}`);
    await close();
  }
};

checks["a link opens the same view, and a reload keeps it"] = async () => {
  const { frame, page, close } = await openPage(
    fast,
    shown("exploded", "&view=layers&column=update_ratio&table=weights&smooth=0.5&log=1&axis=relative&zoom=500-1500"),
  );
  await until(
    async () => (await frame.locator(".choice button[aria-pressed=true]", { hasText: "Update ratio" }).count()) === 1,
    "the quantity",
  );
  await frame.locator(".heat-names button", { hasText: "conv2d/bias" }).first().click();
  await until(async () => page.url().includes("row=conv2d%2Fbias"), "the address follows");
  const before = page.url();
  await page.reload();
  await frame.locator("#root").waitFor();
  await until(
    async () => (await frame.locator(".chart-title", { hasText: "Update ratio of conv2d/bias" }).count()) === 1,
    "the curve of the row",
  );
  want(page.url() === before, `the address changed to ${page.url()}`);
  want((await text(frame, ".zoomed")).includes("500 – 1,500"), "the zoom is lost");
  await frame.locator(".zoomed").click();
  await until(async () => !page.url().includes("zoom="), "the zoom ends");
  await close();
};

checks["axes, scale and filters change the charts and the address"] = async () => {
  const { frame, page, problems, close } = await openPage(fast, shown("exploded", "&view=layers&rows=bias"));
  await until(async () => (await frame.locator(".heat-names button").count()) === 15, "the biases alone");
  const label = async () => frame.locator(".plot").first().getAttribute("aria-label");
  await until(async () => (await label()).includes("over steps"), "steps");
  await frame.locator(".choice button", { hasText: "Wall time" }).click();
  await until(async () => (await label()).includes("over time"), "wall time");
  const picture = () =>
    frame
      .locator(".plot canvas")
      .first()
      .evaluate((canvas) => canvas.toDataURL());
  const [linear] = [await picture()];
  await frame.locator(".toggle input").check();
  await until(async () => (await picture()) !== linear, "the logarithmic scale");
  const raw = await picture();
  await frame.locator(".slider input").fill("0.9");
  await until(async () => (await picture()) !== raw, "the smoothing");
  for (const part of ["axis=wall", "log=1", "smooth=0.9", "rows=bias"])
    await until(async () => page.url().includes(part), `${part} in the address`);
  await frame.locator(".filter.small input").fill("(");
  await until(
    async () => (await text(frame, ".filter.small")).includes("not a regular expression"),
    "the mistake is reported",
  );
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["the keyboard reaches everything"] = async () => {
  const { frame, page, close } = await openPage(fast, shown("exploded"));
  await frame.locator("#tab-overview").focus();
  await page.keyboard.press("ArrowRight");
  await until(async () => (await frame.locator("#tab-inputs[aria-selected=true]").count()) === 1, "the next tab");
  await page.keyboard.press("ArrowRight");
  await frame.locator(".heat canvas").waitFor();
  await frame.locator(".heat canvas").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await until(
    async () => (await frame.locator(".chart-title", { hasText: "Gradient norm of conv2d/kernel" }).count()) === 1,
    "Enter shows the curve",
  );
  await frame.locator(".plot").first().focus();
  await page.keyboard.press("ArrowRight");
  await until(async () => (await frame.locator(".tip").count()) === 1, "values at the cursor");
  await page.keyboard.press("+");
  await until(async () => (await frame.locator(".zoomed").count()) === 1, "plus zooms");
  await page.keyboard.press("Escape");
  await until(async () => (await frame.locator(".zoomed").count()) === 0, "Escape shows all");
  const outline = await inside(page).evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  want(outline !== "none", "the focus cannot be seen");
  const reached = new Set();
  await frame.locator("body").press("Home");
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const name = await inside(page).evaluate(
      () => document.activeElement?.className || document.activeElement?.tagName,
    );
    reached.add(String(name).split(" ")[0]);
  }
  for (const part of ["run", "plot"]) want(reached.has(part), `Tab does not reach ${part}: ${[...reached].join(", ")}`);
  await close();
};

checks["mouse: values on hover, zoom by dragging, double-click shows all"] = async () => {
  const { frame, page, close } = await openPage(fast, shown("unscaled"), { height: 1500 });
  const plot = frame.locator(".plot").first();
  await until(async () => (await frame.locator(".plot-empty").count()) === 0, "the curves");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + 150, box.y + 80);
  await until(
    async () =>
      /step [\d,]+/.test(
        await frame
          .locator(".tip")
          .first()
          .innerText()
          .catch(() => ""),
      ),
    "the values",
  );
  await page.mouse.down();
  await page.mouse.move(box.x + 260, box.y + 90, { steps: 4 });
  await page.mouse.up();
  await until(async () => /zoom=\d+-\d+/.test(page.url()), "the zoom in the address");
  await until(async () => (await frame.locator(".zoomed").count()) === 1, "the button that shows all");
  await plot.dblclick();
  await until(async () => !/zoom=/.test(page.url()), "all is shown");
  await close();
};

checks["charts are saved as CSV, JSON and PNG"] = async () => {
  const { frame, page, problems, close } = await openPage(fast, shown("unscaled"), { height: 1500 });
  await until(
    async () => (await frame.locator(".plot").count()) === 2 && (await frame.locator(".plot-empty").count()) === 0,
    "the charts",
  );
  const files = {};
  for (const kind of ["CSV", "JSON", "PNG"]) {
    await frame.locator(".menu summary").first().click();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      frame.locator(".menu-list button", { hasText: kind }).first().click(),
    ]);
    want(saved.suggestedFilename() === `Loss.${kind.toLowerCase()}`, saved.suggestedFilename());
    files[kind] = await readFile(await saved.path());
  }
  const query = new URLSearchParams({ id: idOf("unscaled"), q: "losses:loss", points: 600 });
  const [group] = (await (await fetch(`${fast}/data/plugin/inputdiag/series?${query}`)).json()).groups;
  const { mean, min, max } = group.values["losses:loss"];
  const rows = files.CSV.toString()
    .split("\n")
    .filter((line) => line.startsWith("Training loss,losses:loss,"))
    .map((line) => line.split(",").slice(2).map(Number));
  want(rows.length === group.step.length, `${rows.length} lines of ${group.step.length}`);
  const differs = rows.findIndex((row, i) =>
    [group.step[i], group.last[i], group.wall[i], mean[i], min[i], max[i]].some((value, k) => value !== row[k]),
  );
  want(differs < 0, `line ${differs} of the CSV is ${rows[differs]}`);
  const [json] = JSON.parse(files.JSON);
  want(
    json.run === "Training loss" && JSON.stringify(json.curves.values["losses:loss"].mean) === JSON.stringify(mean),
    "the JSON holds other values",
  );
  const [wide, high] = [files.PNG.readUInt32BE(16), files.PNG.readUInt32BE(20)];
  want(
    files.PNG.toString("latin1", 1, 4) === "PNG" && wide > 300 && high === 220,
    `the PNG has ${wide} × ${high} pixels`,
  );
  await frame.locator(".menu summary").first().click();
  await page.keyboard.press("Escape");
  want((await frame.locator(".menu[open]").count()) === 0, "Escape leaves the menu open");
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["nothing is cut off between 800 and 2560 pixels"] = async () => {
  for (const width of [800, 1280, 2560]) {
    const { frame, page, close } = await openPage(fast, shown("unscaled"), { width });
    for (const view of VIEWS) {
      await frame.locator(`#tab-${view}`).click();
      await until(async () => (await frame.locator(".skeleton").count()) === 0, `${view} at ${width}`);
      const over = await inside(page).evaluate(() => {
        const main = document.querySelector("main");
        return main.scrollWidth - main.clientWidth;
      });
      want(over <= 0, `${view} is ${over} px too wide at ${width}`);
    }
    await close();
  }
};

checks["a lost connection is reported, what is there stays, and it comes back"] = async () => {
  const { frame, page, close } = await openPage(fast, shown("unscaled"));
  await frame.locator(".alert").first().waitFor();
  await page.route("**/data/plugin/inputdiag/**", (route) => route.abort());
  await until(async () => (await frame.locator(".lost").count()) === 1, "the loss is reported", 6000);
  want((await frame.locator(".alert").count()) > 0, "the alerts went away");
  await page.unroute("**/data/plugin/inputdiag/**");
  // On a busy machine it may have come back by itself before the click.
  await frame
    .locator(".lost button")
    .click({ timeout: 1500 })
    .catch(() => {});
  await until(async () => (await frame.locator(".lost").count()) === 0, "the connection is back", 6000);
  await close();
};

checks["no run, no server and a refusal say what to do"] = async () => {
  const states = [
    [
      (route) => route.fulfill({ json: { server: "s", revision: 0, now: 0, complete: true, runs: [], gone: [] } }),
      "Add the callback to your training",
    ],
    [(route) => route.abort(), "tensorboard is still running"],
    [
      (route) =>
        route.fulfill({
          status: 500,
          json: { error: "The log could not be read; the reason is in TensorBoard's terminal." },
        }),
      "TensorBoard's terminal",
    ],
  ];
  const { page, frame, close } = await openPage(fast, "");
  for (const [answer, expected] of states) {
    await page.route("**/data/plugin/inputdiag/runs*", answer);
    await page.reload();
    await frame.locator("#root").waitFor();
    await until(async () => (await text(frame, "main")).includes(expected), `“${expected}”`);
    await page.unroute("**/data/plugin/inputdiag/runs*");
  }
  await close();
};

checks["nothing is asked while the tab is hidden"] = async () => {
  const { page, frame, close } = await openPage(fast, shown("healthy"));
  await frame.locator(".verdict").waitFor();
  await page.evaluate(() => {
    for (const frame of document.querySelectorAll("iframe")) frame.style.cssText = "height:0;flex:none";
  });
  await page.waitForTimeout(500);
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/data/plugin/inputdiag/")) asked += 1;
  });
  await page.waitForTimeout(4500);
  want(asked === 0, `${asked} requests`);
  await page.evaluate(() => {
    for (const frame of document.querySelectorAll("iframe")) frame.style.cssText = "";
  });
  await until(async () => asked > 0, "it asks again", 4000);
  await close();
};

checks["a live run grows without a click, without flicker, and keeps scroll and zoom"] = async () => {
  const live = await until(
    async () =>
      (await (await fetch(`${fast}/data/plugin/inputdiag/runs`)).json()).runs.find((row) => row.run === "live"),
    "the live run",
    40000,
  );
  const { page, frame, problems, close } = await openPage(fast, `run=${encodeURIComponent(live.id)}&zoom=0-100`, {
    height: 700,
  });
  await until(async () => (await frame.locator(".plot").count()) === 2, "the charts", 20000);
  want((await text(frame, ".verdict")).includes("Running"), "it is not called running");
  await inside(page).evaluate(() => {
    document.querySelector("main").scrollTop = 150;
    window.kept = document.querySelector(".plot canvas");
  });
  const stepOf = async () => Number(/step ([\d,]+)/.exec(await text(frame, ".facts"))?.[1].replace(/,/g, "") ?? 0);
  const first = await stepOf();
  await until(async () => (await stepOf()) > first, "the next step", 12000);
  const now = await inside(page).evaluate(() => ({
    top: document.querySelector("main").scrollTop,
    same: window.kept === document.querySelector(".plot canvas"),
    gaps: document.querySelectorAll(".skeleton").length,
  }));
  want(now.top === 150 && now.same && now.gaps === 0, `it flickered: ${JSON.stringify(now)}`);
  want(page.url().includes("zoom=0-100"), "the zoom is lost");
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["two runs are compared in one sentence"] = async () => {
  const ids = ["unscaled", "healthy"].map((run) => `&chosen=${encodeURIComponent(idOf(run))}`).join("");
  const { frame, page, problems, close } = await openPage(fast, `view=compare${ids}`);
  await until(async () => (await frame.locator(".sentence").count()) === 1, "the sentence");
  want((await text(frame, ".sentence")).includes("'image'"), await text(frame, ".sentence"));
  await until(
    async () => (await text(frame, "main")).includes("Validation loss by epoch"),
    "the validation loss of each epoch",
  );
  const bad = await inside(page).evaluate(faint);
  want(bad.length === 0, `too little contrast: ${bad.join("; ")}`);
  const rows = frame.locator(".runs-table tbody tr");
  await rows
    .first()
    .getByLabel(/^Remove .* from the comparison/)
    .click();
  await until(async () => (await rows.count()) === 1, "the other run alone");
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["runs are sorted and pinned, and a link keeps it"] = async () => {
  const { frame, page, problems, close } = await openPage(fast, shown("healthy"));
  const first = () => text(frame, ".sidebar .run-name");
  await frame
    .locator("[role=radiogroup] >> text=Name")
    .or(frame.getByText("Name", { exact: true }))
    .first()
    .click();
  await until(async () => (await first()).startsWith("<b"), "the order by name");
  await frame.locator(".runs li", { hasText: "unscaled" }).hover();
  await frame.getByLabel(/^Pin unscaled/).click();
  await until(async () => (await first()).startsWith("unscaled"), "the pinned run on top");
  await until(async () => page.url().includes("sort=name") && page.url().includes("pinned="), "the link");
  await page.reload();
  await until(async () => (await first()).startsWith("unscaled"), "the pinned run after a reload");
  want(problems.length === 0, problems.join("; "));
  await close();
};

checks["of hundreds of runs those in sight are drawn, wherever the list is scrolled"] = async () => {
  const answer = await (await fetch(`${fast}/data/plugin/inputdiag/runs`)).json();
  const row = answer.runs.find((found) => found.run === "healthy");
  const { frame, close } = await openPage(fast, "run=many-250", {
    before: async (opened) => {
      const runs = Array.from({ length: 500 }, (_, n) => ({
        ...row,
        id: `many-${n}`,
        run: `many-${n}`,
        started: n + 1,
      }));
      await opened.route("**/data/plugin/inputdiag/runs*", (route) => route.fulfill({ json: { ...answer, runs } }));
    },
  });
  const drawn = frame.locator(".sidebar .run-name");
  const inSight = async (name) =>
    (await frame.locator(".runs").evaluate((list, name) => {
      const { top, bottom } = list.getBoundingClientRect();
      return [...list.querySelectorAll(".run-name")].some((found) => {
        const { y } = found.getBoundingClientRect();
        return found.textContent === name && y >= top && y < bottom;
      });
    }, name)) && (await drawn.count()) < 60;
  await until(() => inSight("many-250"), "the run of the link in sight");
  await frame.locator(".runs").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await until(() => inSight("many-0"), "the last run after scrolling");
  await frame.locator(".runs").evaluate((list) => list.scrollTo(0, 0));
  await until(() => inSight("many-499"), "the first run after scrolling back");
  await frame.getByLabel(/^Filter runs/).fill("49$");
  await until(async () => (await drawn.count()) === 5, "the five runs of the filter");
  await frame.getByLabel(/^Filter runs/).fill("");
  await until(() => inSight("many-499"), "all runs without the filter");
  await close();
};

checks["it works below a prefix, with the Python loader and --logdir_spec"] = async () => {
  const { frame, problems, close } = await openPage(python, "view=compare");
  await until(async () => (await frame.locator(".runs-table tbody tr").count()) === 4, "four runs");
  await until(async () => (await frame.locator(".plot").count()) >= 3, "the charts");
  await frame.locator("input[type=search]").first().fill("^heal");
  await until(async () => (await frame.locator(".sidebar .run").count()) === 1, "the filter");
  await frame.locator(".runs-table .link", { hasText: "healthy" }).click();
  await until(async () => (await text(frame, ".verdict h2")) === "Healthy", "the overview");
  want(problems.length === 0, problems.join("; "));
  await close();
};

const wanted = process.env.ONLY;
// The live run does not wait: its check comes first.
const waiting = Object.entries(checks)
  .filter(([name]) => !wanted || name.includes(wanted))
  .sort(([a], [b]) => Number(b.startsWith("a live")) - Number(a.startsWith("a live")));
async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) await perform(...next);
}
async function perform(name, check) {
  const start = Date.now();
  let problem = "";
  try {
    await check();
  } catch (error) {
    problem = error instanceof Wrong ? error.message : String(error.stack ?? error);
  }
  console.log(JSON.stringify({ name, problem, seconds: (Date.now() - start) / 1000 }));
}
// The checks mostly wait: three at a time keep two cores busy.
await Promise.all([work(), work(), work()]);
await browser.close();
