// One living worker, watched from look to look: its root, the processes that belong to it, and what they hold.
import { CLOCK_TICKS_PER_SECOND } from "../boot.ts";
import type { Incarnation } from "../incarnation.ts";
import { pageSizeBytes } from "../proc/page-size.ts";
import { CpuAccount } from "./cpu-account.ts";
import { ProcessHandle } from "./process-handle.ts";

/** Sums over the tree as of the last sample; undefined if any member's could not be read: a part would be a wrong number. */
export interface TreeFigures {
  residentBytes: number | undefined;
  anonymousBytes: number | undefined;
  threads: number | undefined;
  /** Of all that ever belonged to the tree: it never decreases. */
  cpuSeconds: number | undefined;
}

export class WatchedTree {
  readonly root: Incarnation;
  /** A session that is this tree's alone; undefined if it may be shared with strangers. */
  readonly session: number | undefined;
  /** The leader of that session, if it is not the root: it and its helpers are no members. */
  readonly shim: number | undefined;
  /** The directory of a control group that is this tree's alone; the tracker's to set. */
  group: string | undefined;
  readonly #procRoot: string;
  readonly #members = new Map<number, ProcessHandle>();
  /** They belong here, but could not be opened (yet): as long as there are any, there is no sum. */
  readonly #unopened = new Map<number, Incarnation>();
  readonly #cpu = new CpuAccount();
  #peakBytes: number | undefined;

  private constructor(root: Incarnation, session: number | undefined, procRoot: string) {
    this.root = root;
    this.session = session;
    this.shim = session === root.pid ? undefined : session;
    this.#procRoot = procRoot;
  }

  static open(root: Incarnation, session: number | undefined, procRoot: string): WatchedTree | "gone" | "unreadable" {
    const tree = new WatchedTree(root, session, procRoot);
    const joined = tree.join(root);
    return joined === "joined" ? tree : joined;
  }

  join(incarnation: Incarnation): "joined" | "gone" | "unreadable" {
    const handle = ProcessHandle.open(incarnation, this.#procRoot);
    this.#unopened.delete(incarnation.pid);
    if (handle === "unreadable") this.#unopened.set(incarnation.pid, incarnation);
    if (typeof handle === "string") return handle;
    this.leave(incarnation.pid);
    this.#members.set(incarnation.pid, handle);
    return "joined";
  }

  /** What it has used so far, the tree has used. */
  leave(pid: number): void {
    const handle = this.#members.get(pid);
    if (handle === undefined) return;
    handle.close();
    this.#members.delete(pid);
    const { cpuTicks, childCpuTicks, ppid } = handle;
    this.#cpu.ended(cpuTicks + childCpuTicks, this.#members.has(ppid) ? ppid : undefined);
  }

  /**
   * Reads every member anew.
   * @param wantsStat also CPU and threads
   * @returns the pids that are gone; if the root's is among them, the worker is.
   */
  sample(wantsStat: boolean): number[] {
    let gone: number[] | undefined;
    for (const [pid, handle] of this.#members) {
      if (handle.sample(wantsStat) !== "gone") continue;
      gone ??= [];
      gone.push(pid);
    }
    for (const pid of gone ?? []) this.leave(pid);
    if (wantsStat && this.#cpu.hasDebts) this.#cpu.settle((parent) => this.#members.get(parent)?.inheritedTicks);
    if (this.#unopened.size > 0) this.#retry([...this.#unopened.values()]);
    return gone ?? [];
  }

  #retry(unopened: readonly Incarnation[]): void {
    for (const incarnation of unopened) this.join(incarnation);
  }

  get isAlive(): boolean {
    return this.#members.has(this.root.pid);
  }

  member(pid: number): Incarnation | undefined {
    return this.#members.get(pid)?.incarnation;
  }

  /** The root first: it joined first. */
  members(): Incarnation[] {
    return Array.from(this.#members.values(), ({ incarnation }) => incarnation);
  }

  figures(): TreeFigures {
    let pages = 0;
    let sharedPages = 0;
    let threads = 0;
    let ticks = 0;
    let hasMemory = this.#unopened.size === 0;
    let hasStat = hasMemory;
    for (const handle of this.#members.values()) {
      pages += handle.residentPages;
      sharedPages += handle.sharedPages;
      threads += handle.threads;
      ticks += handle.cpuTicks + handle.childCpuTicks;
      hasMemory &&= handle.hasMemory;
      hasStat &&= handle.hasStat;
    }
    const pageBytes = hasMemory ? pageSizeBytes() : undefined;
    const residentBytes = pageBytes === undefined ? undefined : pages * pageBytes;
    if (residentBytes !== undefined) this.#peakBytes = Math.max(this.#peakBytes ?? 0, residentBytes);
    return {
      residentBytes,
      anonymousBytes: pageBytes === undefined ? undefined : Math.max(0, pages - sharedPages) * pageBytes,
      threads: hasStat ? threads : undefined,
      cpuSeconds: hasStat ? this.#cpu.total(ticks) / CLOCK_TICKS_PER_SECOND : undefined,
    };
  }

  /** Memory in swap; undefined if a member's could not be read. */
  swapBytes(): number | undefined {
    let bytes = 0;
    for (const handle of this.#members.values()) {
      const swapped = handle.swapBytes();
      if (swapped === undefined) return undefined;
      bytes += swapped;
    }
    return bytes;
  }

  /** The largest sum that was ever sampled. */
  residentPeakBytes(): number | undefined {
    return this.#peakBytes;
  }

  close(): void {
    for (const handle of this.#members.values()) handle.close();
    this.#members.clear();
  }
}
