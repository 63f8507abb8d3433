// Silences in force, as Alertmanager tells them: asked for when the guard is about to act on something that is no emergency, remembered for
// seconds, and done without when nobody answers.
import type { AlertmanagerConfig } from "../../config/config.ts";
import type { Log } from "../../daemon/log.ts";
import { parseSilences, type Silence, silenceOf } from "./silence.ts";

/** An answer, or its absence, is good for so long. */
const FRESH_SECONDS = 10;
/** While a new answer is on its way, the former one still counts for so long. */
const STALE_SECONDS = 60;

export type SilenceVerdict =
  | { kind: "silenced"; silence: Silence }
  | { kind: "free" }
  /** Alertmanager is being asked; the answer, or its absence, is known within the time-out. */
  | { kind: "asking" };

export interface SilencesDeps {
  config: () => AlertmanagerConfig | undefined;
  /** The body of GET /api/v2/silences, parsed. Rejects within the time-out. */
  ask: (alertmanager: AlertmanagerConfig) => Promise<unknown>;
  /** Seconds. */
  monotonic: () => number;
  log: Pick<Log, "info" | "warn">;
}

/** `off`: no Alertmanager is configured; `unknown`: it has not been asked yet, or does not answer. */
export type SilencesKnown = "off" | "unknown" | "known";

export class Silences {
  readonly #deps: SilencesDeps;
  #silences: readonly Silence[] = [];
  /** Of the last answer. */
  #answeredAt: number | undefined;
  /** Of the last answer or failure. */
  #settledAt: number | undefined;
  #isAsking = false;
  #problems = "";

  constructor(deps: SilencesDeps) {
    this.#deps = deps;
  }

  get known(): SilencesKnown {
    if (this.#deps.config() === undefined) return "off";
    return this.#answeredAt !== undefined && this.#answeredAt === this.#settledAt ? "known" : "unknown";
  }

  /** Never waits. */
  verdict(labels: Readonly<Record<string, string>>): SilenceVerdict {
    const alertmanager = this.#deps.config();
    if (alertmanager === undefined) return { kind: "free" };
    const now = this.#deps.monotonic();
    const isFresh = this.#settledAt !== undefined && now - this.#settledAt < FRESH_SECONDS;
    if (!isFresh) {
      void this.#ask(alertmanager);
      const isUsable = this.known === "known" && now - (this.#answeredAt ?? 0) < STALE_SECONDS;
      if (!isUsable) return { kind: "asking" };
    }
    if (this.known !== "known") return { kind: "free" };
    const silence = silenceOf(this.#silences, labels);
    return silence === undefined ? { kind: "free" } : { kind: "silenced", silence };
  }

  async #ask(alertmanager: AlertmanagerConfig): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { ask, log, monotonic } = this.#deps;
    const { url } = alertmanager;
    const wasKnown = this.known === "known";
    const wasAsked = this.#settledAt !== undefined;
    try {
      const { active, problems } = parseSilences(await ask(alertmanager));
      this.#silences = active;
      this.#answeredAt = monotonic();
      this.#settledAt = this.#answeredAt;
      if (wasAsked && !wasKnown) log.info("Alertmanager answers again: its silences are honoured", { url });
      const complaint = problems.join("; ");
      if (complaint !== "" && complaint !== this.#problems)
        log.warn("silences that are not understood are not honoured", { problem: complaint });
      this.#problems = complaint;
    } catch (cause) {
      this.#settledAt = monotonic();
      if (!wasAsked || wasKnown)
        log.warn("Alertmanager does not answer: the guard acts without regard to silences", {
          url,
          error: cause instanceof Error ? cause.message : String(cause),
        });
    } finally {
      this.#isAsking = false;
    }
  }
}
