// One living worker, watched from look to look: its root, the processes that belong to it, and what they hold.
import type { Incarnation } from "./incarnation.ts";
import { pageSizeBytes } from "./proc/page-size.ts";
import { ProcessHandle } from "./process-handle.ts";

interface Member {
  handle: ProcessHandle;
  residentPages: number | undefined;
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
  readonly #members = new Map<number, Member>();
  /** They belong here, but could not be opened (yet): as long as there are any, there is no sum. */
  readonly #unopened = new Map<number, Incarnation>();
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
    const pages = handle.readResidentPages();
    if (pages === "gone") {
      handle.close();
      return pages;
    }
    this.leave(incarnation.pid);
    this.#members.set(incarnation.pid, { handle, residentPages: pages === "unreadable" ? undefined : pages });
    return "joined";
  }

  leave(pid: number): void {
    this.#members.get(pid)?.handle.close();
    this.#members.delete(pid);
  }

  /** Reads every member anew. @returns the pids that are gone; if the root's is among them, the worker is. */
  sample(): number[] {
    const gone: number[] = [];
    for (const [pid, member] of this.#members) {
      const pages = member.handle.readResidentPages();
      if (pages === "gone") gone.push(pid);
      else member.residentPages = pages === "unreadable" ? undefined : pages;
    }
    for (const pid of gone) this.leave(pid);
    const unopened = new Map(this.#unopened);
    for (const incarnation of unopened.values()) this.join(incarnation);
    return gone;
  }

  get isAlive(): boolean {
    return this.#members.has(this.root.pid);
  }

  member(pid: number): Incarnation | undefined {
    return this.#members.get(pid)?.handle.incarnation;
  }

  /** The root first: it joined first. */
  members(): Incarnation[] {
    return [...this.#members.values()].map(({ handle }) => handle.incarnation);
  }

  /** As of the last sample, summed; undefined if any member could not be read: a part would be a wrong number. */
  residentBytes(): number | undefined {
    const pageBytes = pageSizeBytes();
    if (pageBytes === undefined || this.#unopened.size > 0) return undefined;
    let pages = 0;
    for (const { residentPages } of this.#members.values()) {
      if (residentPages === undefined) return undefined;
      pages += residentPages;
    }
    const bytes = pages * pageBytes;
    this.#peakBytes = Math.max(this.#peakBytes ?? 0, bytes);
    return bytes;
  }

  /** The largest sum that was ever sampled. */
  residentPeakBytes(): number | undefined {
    return this.#peakBytes;
  }

  close(): void {
    for (const pid of this.#members.keys()) this.leave(pid);
  }
}
