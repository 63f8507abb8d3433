// What the exporter says of machines in every state, in both formats, byte for byte. `UPDATE_GOLDEN=1` writes it anew.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROCESS_CATALOGUE } from "../../daemon/process-metrics.ts";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { Observer } from "../../worker/observer.ts";
import { parseExposition } from "../daemon/exposition-parser.ts";
import { promtool } from "../support/prometheus.ts";
import { SCENES } from "./scenes.ts";
import { serve } from "./serve.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/metrics");
const FORMATS = { text: "text/plain", openmetrics: "application/openmetrics-text; version=1.0.0" } as const;

describe.each(Object.entries(SCENES))("a machine that is %s", (name, make) => {
  async function scrapes() {
    const { config, procRoot, cgroupRoot } = make();
    const { scrape } = await serve(
      { config },
      {
        createObserver: (options) =>
          new Observer({
            ...options,
            isDetailed: true,
            procRoot,
            cgroupRoot,
            nowSeconds: () => 1_700_000_000,
            showUnits: () => Promise.resolve(undefined),
          }),
        now: () => new Date(1_700_000_000_000),
      },
    );
    const text = (await scrape(FORMATS.text)).text;
    return { text, openmetrics: (await scrape(FORMATS.openmetrics)).text };
  }

  test("is told in both formats as it is kept beside the tests, and promtool has nothing to complain about", async () => {
    const told = await scrapes();
    // Read errors are counted once per look: the second format's are those of a second look.
    for (const format of ["text", "openmetrics"] as const) {
      const file = join(FOLDER, `${name}.${format === "text" ? "prom" : "om"}`);
      const settled = withoutTimes(told[format]);
      if (process.env.UPDATE_GOLDEN === "1") {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(file, settled);
      }
      expect(settled, `${file}: UPDATE_GOLDEN=1 writes it anew`).toBe(readFileSync(file, "utf8"));
      expectDeclared(parseExposition(told[format], format), format);
    }
    expect(await promtool(["check", "metrics"], { stdin: told.text })).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

/** Our own process' figures, and how long things took, are no part of the machine. */
function withoutTimes(text: string): string {
  return text
    .replace(/^(process_\w+|pitcrew_exporter_collector_duration_seconds\{.*\}) .*$/gm, "$1 0")
    .replace(/node_version="[^"]*"/, 'node_version="20.0.0"');
}

/** Every family and every label is one that the catalogue declares. */
function expectDeclared(families: ReturnType<typeof parseExposition>, format: keyof typeof FORMATS): void {
  const declared = new Map(
    [...EXPORTER_CATALOGUE, ...PROCESS_CATALOGUE].map(({ name, type, labels }) => {
      const family = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
      return [family, { type, labels: [...labels].sort() as readonly string[] }];
    }),
  );
  for (const [family, { type, series }] of families) {
    expect(declared.get(family)?.type, `${family} is not in the catalogue`).toBe(type);
    for (const key of series.keys()) {
      const labels = [...key.matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
      expect({ family, labels }).toEqual({ family, labels: declared.get(family)?.labels });
    }
  }
}
