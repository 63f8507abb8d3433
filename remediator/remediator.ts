// The remediator without its doors: engine, intake, guard and the loop that reads the machine.
import type { Config } from "../config/config.ts";
import { createHistogram, type Histogram } from "../daemon/instruments.ts";
import type { Log } from "../daemon/log.ts";
import type { BuildInfo } from "../daemon/version.ts";
import { readBootId, readUptimeSeconds } from "../worker/boot.ts";
import { writeRequestRecord } from "../worker/files/request-record.ts";
import { writeStateRecord } from "../worker/files/state-record.ts";
import { Observer } from "../worker/observer.ts";
import { actionableSamples } from "../worker/samples.ts";
import type { Served } from "./api/served.ts";
import type { LoopView, StatusFacts } from "./api/views.ts";
import { entryOf } from "./catalogue.ts";
import { conditionOf } from "./conditions.ts";
import { DirectoryError } from "./directories.ts";
import { Guard, type GuardActivity } from "./guard/guard.ts";
import { loadRules, type RuleBook } from "./guard/rules.ts";
import { systemClock } from "./incidents/clock.ts";
import { Engine } from "./incidents/engine.ts";
import { DEFAULT_POLICY, type Policy } from "./incidents/facts.ts";
import type { Happening, Incident } from "./incidents/incident.ts";
import { Journal } from "./incidents/journal.ts";
import type { Entry } from "./incidents/journal-entry.ts";
import { Ledger } from "./incidents/ledger.ts";
import { Intake } from "./intake/intake.ts";
import { createManagers } from "./managers/managers.ts";
import type { NotificationResult, RemediatorMetricFacts } from "./metrics.ts";
import { closeOfFormerBoot } from "./recover.ts";

const DURATION_BOUNDS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

export interface RemediatorOptions {
  config: Config;
  log: Log;
  build: BuildInfo;
  /** Told of every journal entry and of every change of the guard: the terminal view listens here. */
  onEntries?: (entries: readonly Entry[]) => void;
  onGuard?: (activity: GuardActivity, heartbeatSeen: boolean) => void;
}

export class Remediator implements Served {
  readonly engine: Engine;
  readonly intake: Intake;
  readonly log: Log;
  closing = false;
  readonly #options: RemediatorOptions;
  readonly #journal: Journal;
  readonly #observer: Observer;
  readonly #guard: Guard;
  readonly #notifications = new Map<NotificationResult, number>();
  readonly #actionDurations: Histogram;
  readonly #alertToAction: Histogram;
  readonly #measured = new WeakSet<Happening>();
  readonly #startedWall: number;
  #config: Config;
  #rules: RuleBook;
  #activity: GuardActivity = "off";
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  reload: { successful: boolean; atWall: number };

  /** @throws JournalError */
  constructor(options: RemediatorOptions) {
    const { config, log } = options;
    this.#options = options;
    this.#config = config;
    this.log = log;
    const clock = systemClock;
    const bootId = readBootId();
    if (bootId === undefined)
      throw new DirectoryError(
        "/proc/sys/kernel/random/boot_id cannot be read: pitcrew tells processes apart by it and needs Linux with /proc",
      );
    const { journal, contents } = Journal.open(config.stateDirectory, bootId);
    this.#journal = journal;
    for (const problem of contents.problems) log.warn("the journal is damaged; the rest of it is kept", { problem });
    const now = clock();
    this.#startedWall = now.wall;
    this.reload = { successful: true, atWall: now.wall };
    const ledger = Ledger.fold(contents.records, bootId, now);
    this.#rules = this.#loadRules(config);
    this.#observer = new Observer({
      host: config.host,
      runDirectory: config.runDirectory,
      specs: config.workers,
      floors: config.system,
    });
    const host = { host: config.host };
    this.#actionDurations = createHistogram(
      entryOf("pitcrew_remediator_action_duration_seconds"),
      DURATION_BOUNDS,
      ["relieve", "drain", "terminate", "kill", "start"].map((action) => ({ ...host, action })),
    );
    this.#alertToAction = createHistogram(entryOf("pitcrew_remediator_alert_to_action_seconds"), DURATION_BOUNDS, [
      { ...host, action: "terminate" },
    ]);
    const managers = createManagers({
      runDirectory: config.runDirectory,
      logDirectory: config.logDirectory,
      observer: this.#observer,
    });
    this.engine = new Engine(
      {
        config: () => this.#config,
        clock,
        bootId,
        uptimeSeconds: () => readUptimeSeconds() ?? 0,
        observeWorker: (name) => this.#observer.observeWorker(name),
        observeSystem: () => this.#observer.observeSystem(),
        condition: (incident, observation) => conditionOf(this.#config, this.#rules, incident, observation),
        manager: managers,
        journal,
        publishDesired: (worker, desired, reason) =>
          writeStateRecord(config.runDirectory, { version: 1, worker, desired, reason, atSeconds: clock().wall }),
        request: (incident, kind) => this.#request(incident, kind),
        policy: this.#policy(),
        log,
        onActed: (seconds) => this.#alertToAction.observe({ ...host, action: "terminate" }, seconds),
        onEntries: (entries) => this.#noted(entries),
      },
      ledger,
    );
    this.intake = new Intake({
      config: () => this.#config,
      remediationOf: (alertname) => this.#rules.rules.find((rule) => rule.alert === alertname)?.remediation,
      engine: this.engine,
    });
    const { when, heartbeatTimeoutSeconds } = config.remediator.guard;
    this.#guard = new Guard({ rules: this.#rules, when, heartbeatTimeoutSeconds });
    this.engine.store.commit([
      { type: "daemon", version: options.build.version, pid: process.pid, bootId },
      ...closeOfFormerBoot(ledger, bootId, now),
    ]);
  }

  get config(): Config {
    return this.#config;
  }

  /** Begins to observe, to supervise and to guard. */
  async start(): Promise<void> {
    for (const spec of this.#config.workers) {
      const { desired, desiredReason } = this.engine.ledger.worker(spec.name);
      this.engine.deps.publishDesired(spec.name, desired, desiredReason);
    }
    await this.#tick();
    this.engine.look();
    this.#timer = setInterval(() => void this.#tickOnce(), this.#config.remediator.guard.intervalSeconds * 1000);
  }

  /** Workers live on, unless the last act ends them. */
  async stop(lastAct?: (engine: Engine) => Promise<void>): Promise<void> {
    this.closing = true;
    clearInterval(this.#timer);
    await this.#ticking;
    await this.engine.stop();
    await lastAct?.(this.engine);
    this.#observer.close();
    this.#journal.close();
  }

  replaceConfig(config: Config): void {
    this.#config = config;
    this.#rules = this.#loadRules(config);
    const { when, heartbeatTimeoutSeconds } = config.remediator.guard;
    this.#guard.reconfigure({ rules: this.#rules, when, heartbeatTimeoutSeconds });
    this.#observer.setSpecs(config.workers, config.system);
    this.reload = { successful: true, atWall: this.engine.deps.clock().wall };
    this.engine.look();
  }

  countNotification(result: NotificationResult): void {
    this.#notifications.set(result, (this.#notifications.get(result) ?? 0) + 1);
  }

  statusFacts(): StatusFacts {
    return {
      config: this.#config,
      ledger: this.engine.ledger,
      readings: this.engine.latest,
      system: this.#observer.observeSystem(),
      now: this.engine.deps.clock(),
      loop: this.#loop(),
    };
  }

  metricFacts(): RemediatorMetricFacts {
    return {
      ...this.statusFacts(),
      build: this.#options.build,
      notifications: this.#notifications,
      actionDurations: this.#actionDurations,
      alertToAction: this.#alertToAction,
      heartbeatWall: this.intake.heartbeatWall,
      reload: this.reload,
    };
  }

  #loop(): LoopView {
    const { mono } = this.engine.deps.clock();
    return {
      version: this.#options.build.version,
      started_at: new Date(this.#startedWall * 1000).toISOString(),
      dry_run: this.#config.remediator.dryRun,
      guard: this.#activity,
      heartbeat_age_seconds: this.intake.heartbeatAt === undefined ? null : mono - this.intake.heartbeatAt,
      journal_writable: this.engine.store.journalWritable,
    };
  }

  #tickOnce(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((cause: unknown) => this.log.error("a look at the workers failed", { err: cause }))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  async #tick(): Promise<void> {
    const observation = await this.#observer.observe();
    if (this.closing) return;
    this.engine.sawAll(observation);
    const heartbeatAt = this.intake.heartbeatAt;
    const output = this.#guard.tick(
      actionableSamples(this.#config.host, observation),
      this.engine.deps.clock().mono,
      heartbeatAt === undefined ? {} : { atMonotonicSeconds: heartbeatAt },
    );
    this.#activity = output.active;
    if (output.changed) {
      this.log.info("the guard", { active: output.active, heartbeat: heartbeatAt === undefined ? "none yet" : "seen" });
      this.#options.onGuard?.(output.active, heartbeatAt !== undefined);
    }
    if (output.notices.length > 0) this.intake.take(output.notices);
  }

  #request(incident: Incident, kind: "relief" | "drain"): void {
    if (incident.target.kind !== "worker" || incident.incarnation === undefined) return;
    const { worker } = incident.target;
    // Addressed to whoever wrote the brake record: a launcher at the root of the tree would not read it.
    const incarnation = this.engine.latest.get(worker)?.brake?.incarnation ?? incident.incarnation;
    const atSeconds = this.engine.deps.clock().wall;
    writeRequestRecord(this.#config.runDirectory, {
      version: 1,
      worker,
      kind,
      id: incident.id,
      incarnation,
      atSeconds,
    });
  }

  #noted(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.type !== "incident") continue;
      const last = entry.incident.story.at(-1);
      // Later snapshots repeat the line.
      if (last?.tookSeconds === undefined || last.action === undefined || this.#measured.has(last)) continue;
      this.#measured.add(last);
      this.#actionDurations.observe({ host: this.#config.host, action: last.action }, last.tookSeconds);
    }
    this.#options.onEntries?.(entries);
  }

  #loadRules(config: Config): RuleBook {
    const book = loadRules(config.remediator.guard.rules);
    for (const { file, line, column, message } of book.problems)
      this.log.error("a rule cannot be used", { at: `${file}:${line}:${column}`, problem: message });
    return book;
  }

  #policy(): Policy {
    const { startupGraceSeconds, verifySeconds } = this.#config.remediator;
    return { ...DEFAULT_POLICY, startupGraceSeconds, verifySeconds };
  }
}
