// Between the guard and the intake: what people have silenced in Alertmanager waits; emergencies never ask.

import { fingerprint } from "../guard/alert-labels.ts";
import type { Notice } from "../intake/notice.ts";
import type { Silence } from "./silence.ts";
import type { Silences } from "./silences.ts";

export class SilenceGate {
  readonly #silences: Pick<Silences, "verdict">;
  readonly #note: (notice: Notice, silence: Silence) => void;
  /** Alerts that were held back at the last look, each noted once. */
  #held: ReadonlySet<string> = new Set();

  /** @param note called once for each alert that a silence begins to hold back */
  constructor(silences: Pick<Silences, "verdict">, note: (notice: Notice, silence: Silence) => void) {
    this.#silences = silences;
    this.#note = note;
  }

  /** Those that may be handed in now. */
  pass(notices: readonly Notice[]): Notice[] {
    const held = new Set<string>();
    const passed = notices.filter((notice) => {
      if (notice.status === "resolved" || isEmergency(notice)) return true;
      const verdict = this.#silences.verdict(notice.labels);
      if (verdict.kind === "free") return true;
      if (verdict.kind === "asking") return false;
      const key = `${fingerprint(notice.labels)} ${verdict.silence.id}`;
      held.add(key);
      if (!this.#held.has(key)) this.#note(notice, verdict.silence);
      return false;
    });
    this.#held = held;
    return passed;
  }
}

/** The memory limit and the machine's critical floor are evaluated whatever the pipeline says, and so whatever its silences say. */
function isEmergency({ labels }: Notice): boolean {
  return labels.guard === "always";
}
