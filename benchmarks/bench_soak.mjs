// Keeps the tab open and tells its memory when asked: node bench_soak.mjs BASE; a line in, a line of JSON out.
import { createInterface } from "node:readline";
import { open } from "../tests/plugin/browser/browser.mjs";

const { browser, page: openPage } = await open();
const { page } = await openPage(process.argv[2]);
const client = await page.context().newCDPSession(page);
await client.send("HeapProfiler.enable");
await client.send("Performance.enable");
const whole = await browser.newBrowserCDPSession();

for await (const _ of createInterface({ input: process.stdin })) {
  await client.send("HeapProfiler.collectGarbage");
  const { metrics } = await client.send("Performance.getMetrics");
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  console.log(
    JSON.stringify({
      heap: metrics.find((metric) => metric.name === "JSHeapUsedSize").value,
      renderers: processInfo.filter((one) => one.type === "renderer").map((one) => one.id),
    }),
  );
}
await browser.close();
