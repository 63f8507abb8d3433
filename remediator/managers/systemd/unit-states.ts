// What systemd last said of each unit, asked for without anybody waiting: one systemctl for all that were asked for together.
import type { UnitRef } from "../../../worker/unit.ts";
import { CgroupWatch } from "./cgroup-watch.ts";
import { type Systemctl, unitArgument } from "./systemctl.ts";
import { parseUnitStates, UNIT_PROPERTIES, type UnitState } from "./unit-state.ts";

export interface KnownState {
  state: UnitState;
  /** When the answer came, in seconds of CLOCK_MONOTONIC. */
  atSeconds: number;
}

export interface UnitStatesOptions {
  systemctl: Systemctl;
  monoSeconds: () => number;
  /** Another answer than before, or a unit that has just lost its last process. */
  onNews: (unit: UnitRef) => void;
  /** What went wrong, once for each kind of trouble and again after it has passed. */
  onTrouble: (message: string) => void;
  cgroupRoot?: string;
}

interface Question {
  unit: UnitRef;
  settle: (state: UnitState | undefined) => void;
}

export class UnitStates {
  readonly #options: UnitStatesOptions;
  readonly #known = new Map<string, KnownState>();
  readonly #watch: CgroupWatch;
  /** By user: questions that the next systemctl will carry, and those that are on their way. */
  readonly #waiting = new Map<string | undefined, Question[]>();
  readonly #isAsking = new Set<string | undefined>();
  #trouble: string | undefined;

  constructor(options: UnitStatesOptions) {
    this.#options = options;
    this.#watch = new CgroupWatch(options.cgroupRoot ?? "/sys/fs/cgroup", (unit) => {
      void this.refresh(unit).then(() => options.onNews(unit));
    });
  }

  /** The last answer, however old. */
  last(unit: UnitRef): KnownState | undefined {
    return this.#known.get(keyOf(unit));
  }

  /** Asks now; undefined if systemd did not answer. Who asks while an answer is on its way gets one that is younger. */
  refresh(unit: UnitRef): Promise<UnitState | undefined> {
    return new Promise((settle) => {
      const waiting = this.#waiting.get(unit.user) ?? [];
      waiting.push({ unit, settle });
      this.#waiting.set(unit.user, waiting);
      // All that is asked for during one look at the machine goes into one question.
      if (waiting.length === 1) setImmediate(() => void this.#ask(unit.user));
    });
  }

  async #ask(user: string | undefined): Promise<void> {
    // One at a time: a systemd that does not answer must not collect clients.
    if (this.#isAsking.has(user)) return;
    const questions = this.#waiting.get(user) ?? [];
    this.#waiting.delete(user);
    if (questions.length === 0) return;
    this.#isAsking.add(user);
    try {
      const units = [...new Map(questions.map(({ unit }) => [unit.name, unit])).values()];
      const answers = await this.#show(user, units);
      for (const { unit, settle } of questions) settle(answers.get(unit.name));
    } finally {
      this.#isAsking.delete(user);
      void this.#ask(user);
    }
  }

  async #show(user: string | undefined, units: readonly UnitRef[]): Promise<ReadonlyMap<string, UnitState>> {
    const names = units.map(unitArgument);
    const result = await this.#options.systemctl(user, [
      "show",
      `--property=${UNIT_PROPERTIES.join(",")}`,
      "--",
      ...names,
    ]);
    const states = result.kind === "ok" ? parseUnitStates(result.text) : [];
    // An alias answers with another name, so it is their order that tells whose they are.
    const isWhole = states.length === units.length;
    this.#complain(
      result.kind === "failed" ? result.message : isWhole ? undefined : "systemctl show: an answer is cut",
    );
    const answers = new Map<string, UnitState>();
    if (!isWhole) return answers;
    for (const [index, unit] of units.entries()) {
      const state = states[index];
      if (state === undefined) continue;
      answers.set(unit.name, state);
      this.#learn(unit, state);
    }
    return answers;
  }

  #learn(unit: UnitRef, state: UnitState): void {
    const before = this.#known.get(keyOf(unit))?.state;
    this.#known.set(keyOf(unit), { state, atSeconds: this.#options.monoSeconds() });
    this.#watch.follow(unit, state.mainPid === 0 ? undefined : state);
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#options.onNews(unit);
  }

  #complain(trouble: string | undefined): void {
    if (trouble !== undefined && trouble !== this.#trouble) this.#options.onTrouble(trouble);
    this.#trouble = trouble;
  }
}

export function keyOf({ user, name }: UnitRef): string {
  return `${user ?? ""}/${name}`;
}
