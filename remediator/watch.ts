// The loop that reads the machine: every reading goes to the engine, which follows and supervises, and to the guard, which judges.
import type { GuardConfig } from "../config/config.ts";
import type { Log } from "../daemon/log.ts";
import type { Observation } from "../worker/reading.ts";
import type { Sample } from "../worker/sample.ts";
import { Guard, type GuardActivity } from "./guard/guard.ts";
import type { RuleBook } from "./guard/rules.ts";
import type { Engine } from "./incidents/engine.ts";
import { JournalError } from "./incidents/journal.ts";
import type { Intake } from "./intake/intake.ts";
import type { Notice } from "./intake/notice.ts";

export interface WatchDeps {
  observe(): Promise<Observation>;
  samples(observation: Observation): readonly Sample[];
  engine: Engine;
  intake: Intake;
  log: Log;
  /** What of the guard's notices may be handed in: the rest is silenced. */
  unsilenced(notices: readonly Notice[]): readonly Notice[];
  /** Called after each look, for what may be done at leisure. */
  housekeep(): void;
  onGuard?: ((activity: GuardActivity, heartbeatSeen: boolean) => void) | undefined;
}

export class Watch {
  readonly #deps: WatchDeps;
  readonly #guard: Guard;
  #activity: GuardActivity = "off";
  /** Rules that could not be evaluated at the last look, so that each is complained of once. */
  #unevaluable = "";
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: WatchDeps, guard: GuardConfig, rules: RuleBook) {
    this.#deps = deps;
    this.#guard = new Guard({ rules, when: guard.when, heartbeatTimeoutSeconds: guard.heartbeatTimeoutSeconds });
  }

  get activity(): GuardActivity {
    return this.#activity;
  }

  /** Resolves when the first look is over. */
  async start(intervalSeconds: number): Promise<void> {
    await this.#tickOnce();
    this.#timer = setInterval(() => void this.#tickOnce(), intervalSeconds * 1000);
  }

  reconfigure(guard: GuardConfig, rules: RuleBook): void {
    this.#guard.reconfigure({ rules, when: guard.when, heartbeatTimeoutSeconds: guard.heartbeatTimeoutSeconds });
    clearInterval(this.#timer);
    if (!this.#stopped) this.#timer = setInterval(() => void this.#tickOnce(), guard.intervalSeconds * 1000);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#ticking;
  }

  /** A look that takes longer than the interval is not joined by a second one. */
  #tickOnce(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((cause: unknown) => this.#deps.log.error("a look at the workers failed", { err: cause }))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  async #tick(): Promise<void> {
    const { engine, intake, log } = this.#deps;
    const begun = engine.deps.clock().mono;
    const observation = await this.#deps.observe();
    if (this.#stopped) return;
    engine.sawAll(observation, begun);
    const seen = intake.heartbeatAt;
    const heartbeat = seen === undefined ? {} : { atMonotonicSeconds: seen };
    const output = this.#guard.tick(this.#deps.samples(observation), engine.deps.clock().mono, heartbeat);
    this.#activity = output.active;
    if (output.changed) {
      log.info("the guard", { active: output.active, heartbeat: seen === undefined ? "none yet" : "seen" });
      this.#deps.onGuard?.(output.active, seen !== undefined);
    }
    this.#complain(output.problems);
    const notices = this.#deps.unsilenced(output.notices);
    if (notices.length > 0) this.#handIn(notices);
    this.#deps.housekeep();
  }

  #handIn(notices: readonly Notice[]): void {
    try {
      this.#deps.intake.take(notices);
    } catch (cause) {
      // The store has complained. Emergencies are acted on from memory; what else there is comes again at the next look.
      if (!(cause instanceof JournalError)) throw cause;
    }
  }

  #complain(problems: readonly { alert: string; why: string }[]): void {
    const now = problems.map(({ alert, why }) => `${alert}: ${why}`).join("; ");
    if (now !== "" && now !== this.#unevaluable)
      this.#deps.log.error("the guard cannot evaluate some rules", { problem: now });
    this.#unevaluable = now;
  }
}
