// The remediator without its doors: engine, intake, guard and the loop that reads the machine.
import type { Config } from "../config/config.ts";
import type { Log } from "../daemon/log.ts";
import type { BuildInfo } from "../daemon/version.ts";
import { readBootId, readUptimeSeconds } from "../worker/boot.ts";
import { writeRequestRecord } from "../worker/files/request-record.ts";
import { writeStateRecord } from "../worker/files/state-record.ts";
import { isAlive } from "../worker/identify.ts";
import { Observer } from "../worker/observer.ts";
import { actionableSamples } from "../worker/samples.ts";
import { readOomKills } from "../worker/system-details.ts";
import type { Served } from "./api/served.ts";
import type { LoopView, StatusFacts } from "./api/views.ts";
import { conditionOf } from "./conditions.ts";
import { DirectoryError } from "./directories.ts";
import type { GuardActivity } from "./guard/guard.ts";
import { loadRules, type RuleBook } from "./guard/rules.ts";
import { Housekeeping } from "./housekeeping.ts";
import { systemClock } from "./incidents/clock.ts";
import { showDesired } from "./incidents/desired-state.ts";
import { Engine } from "./incidents/engine.ts";
import { DEFAULT_POLICY, type Policy } from "./incidents/facts.ts";
import type { Incident } from "./incidents/incident.ts";
import { Journal } from "./incidents/journal.ts";
import type { Entry } from "./incidents/journal-entry.ts";
import { Ledger } from "./incidents/ledger.ts";
import { Intake } from "./intake/intake.ts";
import { createManagers } from "./managers/managers.ts";
import type { NotificationResult, RemediatorMetricFacts } from "./metrics.ts";
import { closeOfFormerBoot } from "./recover.ts";
import { createSilences } from "./silences/create.ts";
import { Telemetry } from "./telemetry.ts";
import { Watch } from "./watch.ts";

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
  readonly #watch: Watch;
  readonly #silences: ReturnType<typeof createSilences>;
  readonly #telemetry: Telemetry;
  readonly #startedWall: number;
  #config: Config;
  #rules: RuleBook;
  reload: { successful: boolean; atWall: number };
  /** False while the web-config file on the disk is bad, and a former one in force. */
  isWebConfigGood = true;

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
    this.#telemetry = new Telemetry(config.host);
    const managers = createManagers({
      runDirectory: config.runDirectory,
      logDirectory: config.logDirectory,
      observer: this.#observer,
      onNews: (worker) => this.engine.lookAtWorker(worker),
      onTrouble: (problem) => log.warn("systemd", { problem }),
    });
    this.engine = new Engine(
      {
        config: () => this.#config,
        clock,
        bootId,
        uptimeSeconds: () => readUptimeSeconds() ?? 0,
        observeWorker: (name) => this.#observer.observeWorker(name),
        observeSystem: () => this.#observer.observeSystem(),
        isAlive: (process) => isAlive(process),
        condition: (incident, observation) => conditionOf(this.#config, this.#rules, incident, observation),
        manager: managers,
        journal,
        publishDesired: (worker, desired, reason) =>
          writeStateRecord(config.runDirectory, { version: 1, worker, desired, reason, atSeconds: clock().wall }),
        request: (incident, kind) => this.#request(incident, kind),
        oomKills: () => readOomKills(),
        policy: this.#policy(),
        log,
        onActed: (seconds) => this.#telemetry.acted(seconds),
        onEntries: (entries) => {
          this.#telemetry.noted(entries);
          options.onEntries?.(entries);
        },
      },
      ledger,
    );
    this.intake = new Intake({
      config: () => this.#config,
      ruleOf: (alertname) => this.#rules.rules.find((rule) => rule.alert === alertname),
      engine: this.engine,
    });
    this.#silences = createSilences({ config: () => this.#config, engine: this.engine, log });
    const housekeeping = new Housekeeping(journal, this.engine, log);
    this.#watch = new Watch(
      {
        observe: () => this.#observer.observe(),
        samples: (observation) => actionableSamples(this.#config.host, observation),
        engine: this.engine,
        intake: this.intake,
        log,
        unsilenced: (notices) => this.#silences.gate.pass(notices),
        housekeep: () => housekeeping.keep(this.#config.remediator.journal),
        onGuard: options.onGuard,
      },
      config.remediator.guard,
      this.#rules,
    );
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
      showDesired(this.engine.deps, spec.name, desired, desiredReason);
    }
    await this.#watch.start(this.#config.remediator.guard.intervalSeconds);
    this.engine.look();
  }

  /** Workers live on, unless the last act ends them. */
  async stop(lastAct?: (engine: Engine) => Promise<void>): Promise<void> {
    this.closing = true;
    await this.#watch.stop();
    await this.engine.stop();
    await lastAct?.(this.engine);
    this.#observer.close();
    this.#journal.close();
  }

  replaceConfig(config: Config): void {
    this.#config = config;
    this.#rules = this.#loadRules(config);
    this.#watch.reconfigure(config.remediator.guard, this.#rules);
    this.#observer.setSpecs(config.workers, config.system);
    this.reload = { successful: true, atWall: this.engine.deps.clock().wall };
    this.engine.look();
  }

  countNotification(result: NotificationResult): void {
    this.#telemetry.countNotification(result);
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
      telemetry: this.#telemetry,
      heartbeatWall: this.intake.heartbeatWall,
      reload: { ...this.reload, successful: this.reload.successful && this.isWebConfigGood },
    };
  }

  #loop(): LoopView {
    const { mono } = this.engine.deps.clock();
    return {
      version: this.#options.build.version,
      started_at: new Date(this.#startedWall * 1000).toISOString(),
      dry_run: this.#config.remediator.dryRun,
      guard: this.#watch.activity,
      heartbeat_age_seconds: this.intake.heartbeatAt === undefined ? null : mono - this.intake.heartbeatAt,
      journal_writable: this.engine.store.journalWritable,
      silences: this.#silences.known,
    };
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
