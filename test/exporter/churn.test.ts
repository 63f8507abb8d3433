// Ten thousand scrapes while processes come and go: nothing is left open, nothing grows.
import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { createLog } from "../../daemon/log.ts";
import { collectorsWithout } from "../../exporter/collectors/collectors.ts";
import { Exporter } from "../../exporter/exporter.ts";
import { Observer } from "../../worker/observer.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { parseSeries } from "../daemon/exposition-parser.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { tag } from "../worker/observing.ts";
import { startPython } from "../worker/python.ts";
import { matching, specOf } from "../worker/spec-of.ts";
import { config } from "./build.ts";

const SCRAPES = 10_000;
const MIB = 1024 ** 2;

/** A root whose children live for some milliseconds, and a worker that is replaced by its parent each time it ends. */
const CHURN = `
import random, threading
random.seed(1)
def children():
    while True:
        pid = os.fork()
        if pid == 0:
            time.sleep(random.random() / 10)
            os._exit(0)
        time.sleep(0.05)
        os.waitpid(pid, 0)
def replaced():
    while True:
        pid = os.fork()
        if pid == 0: os.execvp("sleep", [sys.argv[2], str(random.random())])
        os.waitpid(pid, 0)
if os.fork() == 0: replaced()
if os.fork() == 0: children()
ready()`;

test("ten thousand scrapes under churn leave descriptors and memory flat", async () => {
  const [root, short] = [tag(), tag()];
  await startPython(CHURN, { args: [root, short] });
  const workers = [
    specOf({ name: "root", group: "root", manager: matching(new RegExp(` ${root} `)) }),
    specOf({ name: "short", group: "short", manager: matching(new RegExp(`^${short}`)) }),
    specOf({ name: "never", group: "never" }),
  ];
  const exporter = new Exporter(
    config({ runDirectory: temporaryDirectory(), workers }),
    undefined,
    { version: "1", revision: "r", nodeVersion: "20" },
    createLog({ level: "error", format: "logfmt", write: () => undefined }),
    {
      createObserver: (options) => new Observer({ ...options, isDetailed: true }),
      actionableSamples,
      collectors: collectorsWithout(new Set()),
    },
  );
  onTestFinished(() => exporter.close());
  const collectGarbage = garbageCollector();
  const scrape = async (count: number) => {
    let last = "";
    for (let index = 0; index < count; index++) {
      const { body } = await exporter.scrape(index % 2 === 0 ? "text/plain" : "application/openmetrics-text");
      if (index % 500 === 0) last = body.toString();
    }
    collectGarbage();
    return { last, descriptors: readdirSync("/proc/self/fd").length, heapBytes: process.memoryUsage().heapUsed };
  };
  const warm = await scrape(SCRAPES / 10);
  const done = await scrape(SCRAPES - SCRAPES / 10);

  // A member more or less is being watched at the moment: two descriptors each.
  expect(Math.abs(done.descriptors - warm.descriptors)).toBeLessThanOrEqual(12);
  expect(done.heapBytes - warm.heapBytes).toBeLessThan(3 * MIB);
  const series = parseSeries(done.last);
  const of = (metric: string, worker: string) =>
    [...series].find(([key]) => key.startsWith(`${metric}{`) && key.includes(`worker="${worker}"`))?.[1];
  expect(of("pitcrew_worker_up", "root")).toBe(1);
  expect(of("pitcrew_worker_up", "never")).toBe(0);
  expect(of("pitcrew_worker_cpu_seconds_total", "root")).toBeGreaterThan(0.05);
}, 600_000);

function garbageCollector(): () => void {
  setFlagsFromString("--expose_gc");
  return runInNewContext("gc") as () => void;
}
