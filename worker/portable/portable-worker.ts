// One worker between two looks, where there is no /proc: a process is its pid and, to a second or two, its start.
import type { Presence } from "../reading.ts";
import type { WorkerSpec } from "../spec.ts";
import { CpuAccount } from "../tree/cpu-account.ts";
import type { Usage } from "./usage.ts";

/** Two readings of one start differ by a second: ps tells whole seconds. */
const SAME_START_SECONDS = 2;

export interface PortableFigures {
  residentBytes: number;
  peakBytes: number;
  cpuSeconds: number;
  startSeconds: number;
}

/** The living process that a worker is, with its descendants. */
export class PortableTree {
  readonly pid: number;
  members: readonly number[];
  #startSeconds: number | undefined;
  #peakBytes = 0;
  readonly #cpu = new CpuAccount();
  #last = new Map<number, Usage>();

  constructor(pid: number) {
    this.pid = pid;
    this.members = [pid];
  }

  /** @returns undefined if the root is gone, or is another process by now. */
  figures(usage: ReadonlyMap<number, Usage>): PortableFigures | undefined {
    const root = usage.get(this.pid);
    if (root === undefined) return undefined;
    this.#startSeconds ??= root.startSeconds;
    if (!isSame(root.startSeconds, this.#startSeconds)) return undefined;
    const now = new Map<number, Usage>();
    let residentBytes = 0;
    let cpuSeconds = 0;
    for (const pid of this.members) {
      const member = usage.get(pid);
      const before = this.#last.get(pid);
      // A stranger with the pid of a former member is older or younger than it; a child is not older than its root.
      if (member === undefined || member.startSeconds + SAME_START_SECONDS < this.#startSeconds) continue;
      if (before !== undefined && !isSame(before.startSeconds, member.startSeconds)) continue;
      now.set(pid, member);
      residentBytes += member.residentBytes;
      cpuSeconds += member.cpuSeconds;
    }
    for (const [pid, before] of this.#last) if (!now.has(pid)) this.#cpu.ended(before.cpuSeconds, undefined);
    this.#last = now;
    this.members = [...now.keys()];
    this.#peakBytes = Math.max(this.#peakBytes, residentBytes);
    return {
      residentBytes,
      peakBytes: this.#peakBytes,
      cpuSeconds: this.#cpu.total(cpuSeconds),
      startSeconds: this.#startSeconds,
    };
  }
}

export interface PortableWorker {
  spec: WorkerSpec;
  presence: Presence;
  tree: PortableTree | undefined;
  cpuSeconds: number | undefined;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_START_SECONDS;
}
