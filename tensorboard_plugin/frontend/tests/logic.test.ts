import { describe, expect, it } from "vitest";
import { csvCell, fileName, toCsv } from "../src/logic/export";
import { DEFAULTS, formatHash, parseHash, type Shown } from "../src/logic/hash";
import { histogram, topClasses } from "../src/logic/inputs";
import { compileFilter, listedRuns, runColour, runNames } from "../src/logic/runs";
import { fromGroup } from "../src/logic/series";
import { backendOf, byOrder, costText, lifeOf, verdictText, verdictTitle } from "../src/logic/status";
import { breakableParts, visible } from "../src/logic/text";
import { niceStep, placeTicks, valueTicks } from "../src/logic/ticks";
import type { AlertRow } from "../src/types";
import { alert, group, row } from "./fixtures";

describe("hash", () => {
  const VIEWS = ["overview", "layers"];
  const full: Shown = {
    view: "layers",
    run: "exp/a&b=c#d/inputdiag/s<1>",
    filter: "a|b\\d+",
    chosen: ["x/1", "y & z/2"],
    sort: "worst",
    pinned: ["a/1", "b=c/2"],
    axis: "wall",
    log: true,
    smooth: 0.6,
    table: "layers",
    column: "std",
    row: "block/conv 100%",
    rows: "conv|\\d",
    zoom: [10, 2000],
  };
  it("comes back as it was written", () => {
    expect(parseHash(formatHash(full), VIEWS)).toEqual(full);
    expect(parseHash(formatHash(DEFAULTS), VIEWS)).toEqual(DEFAULTS);
    expect(formatHash(DEFAULTS)).toBe("#inputdiag");
  });
  it.each([
    ["#scalars&view=model"],
    ["#inputdiag&view=nonsense&axis=%E0%A4%A&smooth=7&zoom=9-3&table=x"],
    ["#inputdiag&zoom=1e5-2&smooth=NaN&__proto__=1&chosen="],
    [""],
  ])("ignores what makes no sense: %s", (hash) => expect(parseHash(hash, VIEWS)).toEqual(DEFAULTS));
});

describe("the list of runs", () => {
  const rows = [
    row({ id: "a/1", run: "run 10", started: 3, verdict: "healthy" }),
    row({ id: "b/1", run: "run 9", started: 2, order: [0, -1, 0, 0] }),
    row({ id: "c/1", run: "other", started: 1, order: [0, -2, 0, 0] }),
    row({ id: "d/1", run: "run 11", started: 4, order: [1, 0, -1, 0] }),
    row({ id: "e/1", run: "run 9", started: 5, order: [4, 0, 0, 0] }),
  ];
  const list = (change: Partial<Shown>) =>
    listedRuns(rows, runNames(rows), { ...DEFAULTS, ...change })
      .map((found) => found.id[0])
      .join("");
  it.each([
    [{}, "edabc"],
    [{ sort: "worst" as const }, "cbdea"],
    [{ sort: "name" as const }, "cebad"],
    [{ filter: "run" }, "edab"],
    [{ filter: "run", pinned: ["c/1", "gone/1"] }, "cedab"],
    [{ sort: "worst" as const, pinned: ["a/1"] }, "acbde"],
  ])("%o", (change, order) => expect(list(change)).toBe(order));
});

describe("status", () => {
  it("names the backend of Keras", () => {
    expect(backendOf({ keras: "3.15.1", jax: "0.10.2" })).toEqual({ name: "JAX", version: "0.10.2" });
    expect(backendOf({ keras: "3.15.1", torch: "2.13.0+cpu" })).toEqual({ name: "PyTorch", version: "2.13.0+cpu" });
    expect(backendOf({ python: "3.11.7" })).toBeNull();
  });

  const cases: [Partial<Parameters<typeof row>[0]>, string, string][] = [
    [{ end: "" }, "running", "Healthy"],
    [{ end: "", last_event_time: 1000 - 91 }, "silent", "Healthy"],
    [{ end: "died" }, "died", "Healthy"],
    [
      { end: "finished", errors: 1, warnings: 2, verdict: "error" },
      "finished",
      "Needs attention: 1 error and 2 warnings",
    ],
    [{ end: "failed", samples: 0, errors: 1, verdict: "error" }, "failed", "Failed before its first step"],
    [{ end: "failed", step: 1200, errors: 1, verdict: "error" }, "failed", "Failed at step 1,200: 1 error"],
    [{ end: "", samples: 0, verdict: "waiting" }, "running", "Waiting for the first sample"],
    [{ end: "stopped", warnings: 1, verdict: "warning" }, "stopped", "Needs attention: 1 warning"],
  ];
  it.each(cases)("%o", (change, life, title) => {
    const made = row(change);
    expect(lifeOf(made, 1000)).toBe(life);
    expect(verdictTitle(made, 1000)).toBe(title);
    expect(verdictText(made, 1000)).toMatch(/\.$/);
  });
  it("says what is not wrong any more, what is silent, and what no rule explains", () => {
    expect(verdictText(row({ resolved: 1 }), 1000)).toContain("1 alert below no longer holds.");
    const silent = row({ end: "", last_event_time: 1000 - 300 });
    expect(verdictText(silent, 1000)).toContain("Nothing was logged for 5 min 0 s.");
    expect(lifeOf({ ...silent, silent_after_s: 301 }, 1000)).toBe("running");
    expect(verdictText(row({ end: "failed", verdict: "error", warnings: 1 }), 1000)).toContain(
      "No rule explains this exception",
    );
  });
  it("sorts alerts by the order that they were given, item by item", () => {
    const ordered = (id: number, order: number[]): AlertRow => ({ ...alert(id, "info", 0), order });
    const rows = [ordered(1, [0, -30, 2]), ordered(2, [1, 0, 0]), ordered(3, [0, -30, 1]), ordered(4, [0, -30, 1])];
    expect(rows.sort(byOrder).map((r) => r.alert.id)).toEqual([3, 4, 1, 2]);
  });
});

describe("cost", () => {
  it("is shown as a lower bound where nothing can be compared", () => {
    expect(costText(row({ cost_share: 0.02 }))).toBe("2 %");
    expect(costText(row({ cost_share: 0.02, cost_is_least: true }))).toBe("≥ 2 %");
    expect(costText(row({ cost_share: 0.02, samples: 0 }))).toBe("–");
    expect(costText(row({ cost_share: null }))).toBe("–");
  });
});

describe("runs", () => {
  it("tells sessions of one run and workers apart", () => {
    const names = runNames([
      row({ id: "a/1", run: "a" }),
      row({ id: "b/1", run: "b", session: "s1", started: 0 }),
      row({ id: "b/2", run: "b", session: "s2", started: 0, workers: 2, worker: 1 }),
      row({ id: "./3", run: ".", session: "s3", started: 0 }),
    ]);
    expect([...names.values()]).toEqual(["a", "b · s1", "b · s2 · worker 1", "fit · s3"]);
  });
  it("filters by a regular expression and survives one that is none", () => {
    expect(compileFilter("exp_[ab]").test("EXP_A")).toBe(true);
    expect(compileFilter("^b").test("ab")).toBe(false);
    expect(compileFilter("(").error).not.toBe("");
    expect(compileFilter("(").test("anything")).toBe(true);
  });
  it("has a colour for any number of runs", () => expect(runColour(57, true)).toMatch(/^#[0-9a-f]{6}$/));
});

describe("text", () => {
  it("shows what cannot be seen", () => {
    expect(visible("a\u202eb\u200bc")).toBe("a⟨U+202E⟩b⟨U+200B⟩c");
    expect(visible("x = 1\n\ty <b>")).toBe("x = 1\n\ty <b>");
  });
  it("cuts a name between its words and loses nothing of it", () => {
    expect(breakableParts("scaled_twice/run-07.a")).toEqual(["scaled_", "twice/", "run-", "07.", "a"]);
    for (const name of ["", "/", "__a__", "../x", "plain"]) expect(breakableParts(name).join("")).toBe(name);
  });
});

describe("export", () => {
  it("never makes a cell that a spreadsheet runs", () => {
    expect(csvCell("=cmd()")).toBe("'=cmd()");
    expect(csvCell('a,"b"')).toBe('"a,""b"""');
    expect([csvCell(null), csvCell(NaN), csvCell(-1.5)]).toEqual(["", "", "-1.5"]);
  });
  it("writes one line a bucket", () => {
    const text = toCsv([{ run: "r", curves: fromGroup(group(2, 0, 2)) }]);
    expect(text.split("\n")).toEqual([
      "run,quantity,step,last_step,wall_time,mean,min,max",
      "r,losses:loss,0,1,100,0,-1,1",
      "r,losses:loss,2,3,102,2,1,3",
      "",
    ]);
  });
  it("makes file names without surprises", () => {
    expect(fileName(["../../etc/passwd <x>"], "csv")).toBe("etc_passwd_x_.csv");
    expect(fileName(["///"], "png")).toBe("inputdiag.png");
  });
});

describe("inputs", () => {
  it("makes a histogram whose shares sum to 1", () => {
    const bars = histogram([0, 1, 2, 3, 10], 0, 10, 10);
    expect(bars.reduce((a, b) => a + b)).toBeCloseTo(1);
    expect(bars[0]).toBeCloseTo(0.25);
    expect(bars[9]).toBeCloseTo(0.25 / 7);
  });
  it("puts a share at one value where quantiles are equal, and takes no values at all", () => {
    expect(histogram([0, 0, 0, 0, 1], 0, 1, 2)).toEqual([0.75 + 0.125, 0.125]);
    expect(histogram([null, null], 0, 1, 3)).toEqual([0, 0, 0]);
    expect(histogram([1, 1], 1, 1, 2)).toEqual([0, 0]);
  });
  it("keeps the most frequent classes", () => {
    expect(topClasses([5, 1, 9, 0], 2)).toEqual({ ids: [2, 0], rest: 1 });
    expect(topClasses([5, 0], 2)).toEqual({ ids: [0, 1], rest: 0 });
  });
});

describe("ticks", () => {
  it("are round numbers", () => {
    expect([niceStep(9, 5), niceStep(0.07, 4), niceStep(1000, 3)]).toEqual([2, 0.02, 500]);
    expect(valueTicks(0, 1, false, 5).map((t) => t.text)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    expect(valueTicks(0.001, 1000, true, 8).map((t) => t.at)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
  });
  it.each([
    ["step", 0, 1_000_000],
    ["relative", 0, 7200],
    ["wall", 1.7e9, 1.7e9 + 86400 * 3],
  ] as const)("%s axis has some, and not too many", (axis, low, high) => {
    const ticks = placeTicks(low, high, axis, 8);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(10);
    expect(new Set(ticks.map((t) => t.text)).size).toBe(ticks.length);
    for (const tick of ticks) expect(tick.at).toBeGreaterThanOrEqual(low - 1e-6);
  });
});
