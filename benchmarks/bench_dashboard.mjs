// What a person waits for and what goes over the wire: node bench_dashboard.mjs BASE WHAT. Prints JSON.
import { open } from "../tests/plugin/browser/browser.mjs";

const [base, what] = process.argv.slice(2);
const { browser, page: openPage } = await open();

const OF_RUNS = /\/plugin\/inputdiag\/(run|model|series|grid|inputs|images)\?/;

/**
 * Opens the tab anew; returns the page, the bytes so far, and the milliseconds since the tab began to load. What the
 * server reads of a run it has not read before: the page that comes first, for TensorBoard's own sake, gets nothing.
 */
async function fresh(shown, options = {}) {
  const before = (page) => page.route(OF_RUNS, (route) => route.abort());
  const { page, frame } = await openPage(base, shown, { ...options, before });
  await page.unroute(OF_RUNS);
  const asked = new Set();
  let answered = Date.now();
  const done = (request) => {
    if (asked.delete(request)) answered = Date.now();
  };
  page.on("request", (request) => {
    if (OF_RUNS.test(request.url())) asked.add(request);
  });
  page.on("requestfinished", done);
  page.on("requestfailed", done);
  /** Waits until nothing was asked for during so many milliseconds; returns when the last answer had come. */
  const idle = async (quiet = 400) => {
    while (asked.size || Date.now() - answered < quiet) await page.waitForTimeout(20);
    return (await since()) - quiet;
  };
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  const ours = new Map();
  let bytes = 0;
  client.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (/plugin\/inputdiag\/|plugin_entry/.test(request.url)) ours.set(requestId, request.url);
  });
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (ours.has(requestId)) bytes += encodedDataLength;
  });
  // The frame alone is loaded again: what TensorBoard's own page takes is not the tab's.
  await page.evaluate(() => {
    const inner = document.querySelector("iframe");
    inner.contentDocument.documentElement.dataset.before = "";
    window.began = performance.now();
    inner.contentWindow.location.reload();
  });
  await frame.locator("html:not([data-before])").waitFor({ state: "attached" });
  const since = () => page.evaluate(() => performance.now() - window.began);
  return { page, frame, since, idle, bytes: () => bytes };
}

const settled = (frame) =>
  frame.locator("body").evaluate(
    () =>
      new Promise((done) => {
        const read = () => {
          const found = /([\d,]+) of ([\d,]+) samples/.exec(document.body.innerText);
          const curves = document.querySelectorAll(".plot").length > 1 && !document.querySelector(".plot-empty");
          if (found && found[1] === found[2] && curves) done();
          else requestAnimationFrame(read);
        };
        read();
      }),
  );

async function paint() {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const { page, frame, since } = await fresh("");
    await frame.locator(".verdict h2").waitFor();
    times.push(await since());
    await page.context().close();
  }
  return { paint_ms: times.sort((a, b) => a - b)[2] };
}

async function long() {
  const id = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs[0].id;
  const { frame, since, idle, bytes } = await fresh(`run=${encodeURIComponent(id)}`);
  await frame.locator(".verdict h2").waitFor();
  const verdict_ms = await since();
  await settled(frame);
  const complete_ms = await since();
  return { verdict_ms, complete_ms, curves_ms: await idle(), bytes: bytes() };
}

/** Time until the server says that a route has nothing more to read, as the page asks for it. */
async function complete(view, route) {
  const { page, since, bytes } = await fresh(`view=${view}`);
  const complete_ms = await new Promise((done) => {
    page.on("response", async (response) => {
      if (!response.url().includes(`/inputdiag/${route}`)) return;
      const body = await response.json().catch(() => ({ pending: true }));
      if (body.pending === false) done(await since());
    });
  });
  return { complete_ms, bytes: bytes() };
}

async function live() {
  const { page, frame, bytes } = await fresh("");
  const found = {};
  for (const view of ["overview", "layers", "inputs"]) {
    await frame.locator(`#tab-${view}`).click();
    await page.waitForTimeout(6000);
    const before = bytes();
    const turns = 5;
    await page.waitForTimeout(2000 * turns);
    found[`${view}_bytes`] = (bytes() - before) / turns;
  }
  return found;
}

async function fifty() {
  const runs = (await (await fetch(`${base}/data/plugin/inputdiag/runs`)).json()).runs;
  const chosen = runs.map((row) => `chosen=${encodeURIComponent(row.id)}`).join("&");
  const { page, frame, idle, bytes } = await fresh(`view=compare&${chosen}`, { height: 1400 });
  await frame.locator("body").evaluate(
    (_, count) =>
      new Promise((done) => {
        const read = () => {
          const text = document.querySelector(".plot")?.getAttribute("aria-label") ?? "";
          if (
            document.querySelectorAll(".runs-table tbody tr").length === count &&
            text.includes("at first") &&
            !document.querySelector(".plot-empty")
          )
            done();
          else requestAnimationFrame(read);
        };
        read();
      }),
    runs.length,
  );
  const complete_ms = await idle();
  await frame.locator(".plot").first().scrollIntoViewIfNeeded();
  const inner = page.frames().find((f) => f.url().includes("plugin_entry"));
  await inner.evaluate(() => {
    window.frames_ms = [];
    let last = performance.now();
    const tick = (now) => {
      window.frames_ms.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const box = await frame.locator(".plot").first().boundingBox();
  for (let i = 0; i < 60; i++) await page.mouse.move(box.x + 80 + i * 4, box.y + 90);
  const frames = (await inner.evaluate(() => window.frames_ms)).slice(2).sort((a, b) => a - b);
  return { complete_ms, bytes: bytes(), median_ms: frames[frames.length >> 1], worst_ms: frames.at(-1) };
}

/** The list of many runs: until it is shown, and until it follows the filter and the order, when it is scrolled to its end. */
async function many() {
  const { page, frame, since } = await fresh("");
  await frame.locator(".sidebar .run").first().waitFor();
  const list_ms = await since();
  const inner = page.frames().find((f) => f.url().includes("plugin_entry"));
  /** Milliseconds from an action of the user to the frame that shows its effect; the median of several. */
  const times = async (act, undo) => {
    const found = [];
    for (let i = 0; i < 7; i++) {
      found.push(await inner.evaluate(act));
      await inner.evaluate(undo);
      await page.waitForTimeout(50);
    }
    return found.sort((a, b) => a - b)[3];
  };
  await inner.evaluate(() => {
    window.list = () => document.querySelector(".sidebar").innerHTML;
    window.timed = (act) =>
      new Promise((done) => {
        const before = window.list();
        const start = performance.now();
        act();
        const look = () => (window.list() === before ? requestAnimationFrame(look) : done(performance.now() - start));
        requestAnimationFrame(look);
      });
    window.typed = (text) =>
      window.timed(() => {
        const field = document.querySelector(".sidebar input[type=search]");
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    window.scrolled = (place) =>
      window.timed(() => {
        document.querySelector(".runs").scrollTop = place;
      });
    window.pressed = (text) =>
      window.timed(() =>
        [...document.querySelectorAll(".sidebar button")].find((b) => b.textContent.startsWith(text)).click(),
      );
  });
  const filter_ms = await times(
    () => window.typed("7$"),
    () => window.typed(""),
  );
  const sort_ms = await times(
    () => window.pressed("Name"),
    () => window.pressed("Newest"),
  );
  const end_ms = await times(
    () => window.scrolled(1e9),
    () => window.scrolled(0),
  );
  return { list_ms, filter_ms, sort_ms, end_ms };
}

const work = {
  many,
  paint,
  long,
  layers: () => complete("layers", "grid"),
  inputs: () => complete("inputs", "inputs"),
  live,
  fifty,
};
console.log(JSON.stringify(await work[what]()));
await browser.close();
