// The finder of each worker, by its manager and locator. Workers whose pattern is the same share its candidates and slots.
import type { Locator, WorkerSpec } from "../spec.ts";
import { type UnitRef, unitOfWorker } from "../unit.ts";
import { findByPidfile } from "./by-pidfile.ts";
import { findByRecord } from "./by-record.ts";
import { acceptsCommandLine, findOnly, SlotBoard } from "./by-scan.ts";
import type { Units } from "./by-unit.ts";
import type { Finder } from "./finder.ts";
import type { Judge } from "./judge.ts";

export interface FinderOptions {
  runDirectory: string;
  judge: Judge;
  units: Units;
  uidOf: (user: string) => number | undefined;
}

export interface Finders {
  finders: ReadonlyMap<string, Finder>;
  /** True if there is a pattern that has not judged the known processes yet. */
  mustJudgeAll: boolean;
}

export class FinderRegistry {
  readonly #options: FinderOptions;
  readonly #boards = new Map<string, SlotBoard>();

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** By worker. Patterns and slots that are no longer asked for are forgotten, the others keep what they know. */
  create(specs: readonly WorkerSpec[]): Finders {
    const { judge, units, runDirectory } = this.#options;
    const keys = new Set<string>();
    let mustJudgeAll = false;
    const scan = (key: string, accepts: Parameters<Judge["candidates"]>[1]) => {
      const { candidates, isNew } = judge.candidates(key, accepts);
      keys.add(key);
      mustJudgeAll ||= isNew;
      return candidates;
    };
    const byLocator = (locator: Locator, { name, group }: WorkerSpec): Finder => {
      if (locator.kind === "pidfile") return findByPidfile(locator.path);
      const { cmdline, user, slot } = locator;
      const uid = user === undefined ? undefined : this.#options.uidOf(user);
      // Without the user's id no process can be told to be its own: neither up nor down.
      if (user !== undefined && uid === undefined) return UNRESOLVED_USER;
      const key = JSON.stringify([
        "match",
        slot === undefined ? name : group,
        cmdline.source,
        cmdline.flags,
        uid,
        slot?.count,
      ]);
      const candidates = scan(key, acceptsCommandLine(cmdline, uid));
      if (slot === undefined) return findOnly(candidates);
      const board = this.#boards.get(key) ?? new SlotBoard(candidates, slot.count);
      this.#boards.set(key, board);
      return board.finder(slot.index);
    };
    const byUnit = ({ name, user }: UnitRef): Finder => {
      const uid = user === undefined ? undefined : this.#options.uidOf(user);
      if (user !== undefined && uid === undefined) return UNRESOLVED_USER;
      return units.finder({ name, uid });
    };
    const finderOf = (spec: WorkerSpec): Finder => {
      switch (spec.manager.kind) {
        case "supervised":
        case "systemd": {
          const unit = unitOfWorker(spec.manager);
          return unit === undefined ? findByRecord(runDirectory, spec.name) : byUnit(unit);
        }
        case "command":
        case "observe":
          return byLocator(spec.manager.locator, spec);
      }
    };
    const finders = new Map(specs.map((spec) => [spec.name, finderOf(spec)]));
    judge.retain(keys);
    for (const key of this.#boards.keys()) if (!keys.has(key)) this.#boards.delete(key);
    return { finders, mustJudgeAll };
  }
}

const UNRESOLVED_USER: Finder = {
  scans: false,
  locate: () => ({ kind: "unknown", source: "processes" }),
  isStale: () => false,
};
