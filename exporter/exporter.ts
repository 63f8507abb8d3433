// The exporter without its web server: the observer, the scrape that concurrent scrapers share, and the reload.
import type { Config } from "../config/config.ts";
import { CONTENT_TYPES, type ExpositionFormat, renderExposition } from "../daemon/exposition.ts";
import type { Log } from "../daemon/log.ts";
import type { MetricFamily } from "../daemon/metric.ts";
import { negotiateFormat } from "../daemon/negotiation.ts";
import { collectProcessMetrics } from "../daemon/process-metrics.ts";
import type { BuildInfo } from "../daemon/version.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Floors } from "../worker/system-memory.ts";
import { collectFamilies, createFailureLog } from "./collect.ts";
import type { Collector, Look } from "./collectors/collector.ts";
import { family } from "./family.ts";
import { type ActionableSamples, createLooker, type Observing, withDeadline } from "./observing.ts";

export interface ObserverOptions {
  host: string;
  runDirectory: string;
  specs: readonly WorkerSpec[];
  floors: Floors;
  onAmbiguous: (worker: string, roots: number) => void;
}

export interface ExporterDeps {
  createObserver: (options: ObserverOptions) => Observing;
  actionableSamples: ActionableSamples;
  collectors: readonly Collector[];
  lookDeadlineMs?: number;
  /** Wall clock, for the timestamp of a reload. */
  now?: () => Date;
}

interface Eyes {
  config: Config;
  observer: Observing;
  look: ReturnType<typeof createLooker>;
}

/** For rendering and for the way back. */
const ANSWER_MS = 500;

/** The families of one collection; each format is rendered at most once. */
type Snapshot = (format: ExpositionFormat) => Buffer;

export class Exporter {
  readonly #log: Log;
  readonly #build: BuildInfo;
  readonly #deps: ExporterDeps;
  readonly #failures: ReturnType<typeof createFailureLog>;
  readonly #reloadConfig: (() => Config) | undefined;
  readonly #reload = { successful: true, successSeconds: 0 };
  #isWebConfigGood = true;
  #eyes: Eyes;
  #inFlight: Promise<Snapshot> | undefined;

  constructor(
    config: Config,
    reloadConfig: (() => Config) | undefined,
    build: BuildInfo,
    log: Log,
    deps: ExporterDeps,
  ) {
    this.#log = log;
    this.#build = build;
    this.#deps = deps;
    this.#failures = createFailureLog(log);
    this.#reloadConfig = reloadConfig;
    this.#eyes = this.#open(config);
    this.#reload.successSeconds = this.#now() / 1000;
  }

  get config(): Config {
    return this.#eyes.config;
  }

  /** @param timeoutMs what this scraper waits for; others that share the collection may wait longer. */
  async scrape(accept: string | undefined, timeoutMs?: number): Promise<{ contentType: string; body: Buffer }> {
    const format = negotiateFormat(accept);
    const { config, look } = this.#eyes;
    this.#inFlight ??= this.#collect(config, look).finally(() => {
      this.#inFlight = undefined;
    });
    const snapshot = await this.#within(this.#inFlight, timeoutMs);
    return { contentType: CONTENT_TYPES[format], body: snapshot(format) };
  }

  /** An answer that says what failed must arrive before the scraper stops to listen. */
  async #within(collection: Promise<Snapshot>, timeoutMs: number | undefined): Promise<Snapshot> {
    if (timeoutMs === undefined) return collection;
    const deadlineMs = timeoutMs - Math.min(ANSWER_MS, timeoutMs / 4);
    try {
      return await withDeadline(collection, deadlineMs);
    } catch (error) {
      return this.#collect(this.#eyes.config, () => Promise.reject(error));
    }
  }

  /**
   * Takes the new configuration, or keeps the old one and throws.
   * @throws what reading the configuration throws
   */
  async reload(): Promise<void> {
    if (this.#reloadConfig === undefined) return;
    try {
      const config = this.#reloadConfig();
      // A collection under way belongs to the old configuration; the next one, already, to the new.
      while (this.#inFlight !== undefined) await this.#inFlight;
      this.#adopt(config);
    } catch (error) {
      this.#reload.successful = false;
      this.#log.error("configuration not reloaded, the previous one stays in force", { err: error });
      throw error;
    }
    this.#reload.successful = true;
    this.#reload.successSeconds = this.#now() / 1000;
    this.#log.info("configuration reloaded", { file: this.config.file, workers: this.config.workers.length });
  }

  /** The other file that is read again while the exporter runs. */
  noteWebConfig(isGood: boolean): void {
    this.#isWebConfigGood = isGood;
  }

  close(): void {
    this.#eyes.observer.close();
  }

  #adopt(config: Config): void {
    const { config: old, observer } = this.#eyes;
    const { listen } = config.exporter;
    if (listen.host !== old.exporter.listen.host || listen.port !== old.exporter.listen.port) {
      this.#log.warn("a new exporter.listen takes effect at the next start", {
        address: `${listen.host}:${listen.port}`,
      });
    }
    if (config.host === old.host && config.runDirectory === old.runDirectory) {
      // The observer stays: its open descriptors, peaks and counters belong to workers that go on.
      observer.setSpecs(config.workers, config.system);
      observer.setProportional(config.exporter.proportional);
      this.#eyes = { ...this.#eyes, config };
      return;
    }
    this.#eyes = this.#open(config);
    observer.close();
  }

  #open(config: Config): Eyes {
    const { host, runDirectory, workers: specs, system: floors } = config;
    const observer = this.#deps.createObserver({
      host,
      runDirectory,
      specs,
      floors,
      onAmbiguous: (worker, roots) =>
        this.#log.warn("several unrelated processes match, none of them is measured", { worker, processes: roots }),
    });
    observer.setProportional(config.exporter.proportional);
    return {
      config,
      observer,
      look: createLooker(host, observer, this.#deps.actionableSamples, this.#deps.lookDeadlineMs),
    };
  }

  async #collect(config: Config, look: () => Promise<Look>): Promise<Snapshot> {
    const collected = await collectFamilies(
      { host: config.host },
      { look, collectors: this.#deps.collectors, now: () => performance.now(), ...this.#failures },
    );
    const families = [...collected, ...this.#ownFamilies(config.host), ...collectProcessMetrics()];
    const rendered = new Map<ExpositionFormat, Buffer>();
    return (format) => {
      const body = rendered.get(format) ?? renderExposition(families, format);
      rendered.set(format, body);
      return body;
    };
  }

  #ownFamilies(host: string): MetricFamily[] {
    const { version, revision, nodeVersion } = this.#build;
    const labels = { host };
    return [
      family("pitcrew_exporter_build_info", [
        { labels: { host, version, revision, node_version: nodeVersion }, value: 1 },
      ]),
      family("pitcrew_exporter_config_last_reload_successful", [
        { labels, value: Number(this.#reload.successful && this.#isWebConfigGood) },
      ]),
      family("pitcrew_exporter_config_last_reload_success_timestamp_seconds", [
        { labels, value: this.#reload.successSeconds },
      ]),
    ];
  }

  #now(): number {
    return (this.#deps.now?.() ?? new Date()).getTime();
  }
}
