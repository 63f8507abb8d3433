// An exporter on a free port with an injected observer, closed when the test is over.
import { onTestFinished } from "vitest";
import { createLog } from "../../daemon/log.ts";
import { collectorsWithout } from "../../exporter/collectors/collectors.ts";
import type { ExporterDeps, ObserverOptions } from "../../exporter/exporter.ts";
import { type ExporterOptions, startExporterWith } from "../../exporter/server.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { config, FakeObserver } from "./build.ts";

export async function serve(options: Partial<ExporterOptions> = {}, deps: Partial<ExporterDeps> = {}) {
  const lines: string[] = [];
  const observers: FakeObserver[] = [];
  const opened: ObserverOptions[] = [];
  const exporter = await startExporterWith(
    {
      createObserver: (observerOptions) => {
        const observer = new FakeObserver(observerOptions.specs);
        opened.push(observerOptions);
        observers.push(observer);
        return observer;
      },
      actionableSamples,
      collectors: collectorsWithout(new Set()),
      ...deps,
    },
    {
      config: config(),
      log: createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) }),
      build: { version: "1.2.3", revision: "abc", nodeVersion: "20.0.0" },
      ...options,
    },
  );
  onTestFinished(() => exporter.close());
  const scrape = async (accept = "text/plain") => {
    const response = await fetch(`${exporter.url}metrics`, { headers: { Accept: accept } });
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };
  return {
    ...exporter,
    lines,
    observers,
    opened,
    scrape,
    series: async () => parseSeries((await scrape()).text),
    /** The one that is in use. */
    observer: () => {
      const observer = observers.at(-1);
      if (observer === undefined) throw new Error("no observer was made");
      return observer;
    },
  };
}

export function upOf(worker: string, host = "box"): string {
  return seriesKey("pitcrew_worker_up", { host, worker, group: worker.replace(/-\d+$/, "") });
}

/** What waits at it goes on when it is opened. */
export function gate() {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
