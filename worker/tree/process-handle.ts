// One member of a tree, with its files kept open: each answers ESRCH once the process is gone, reused pid or not.
import type { Incarnation } from "../incarnation.ts";
import { kibibytesLine } from "../proc/counts.ts";
import { type StatFigures, type StatmFigures, scanStat, scanStatm } from "../proc/figures.ts";
import { KeptFile, keptBytes } from "../proc/kept-file.ts";

export class ProcessHandle implements StatFigures, StatmFigures {
  readonly incarnation: Incarnation;
  readonly #statm: KeptFile;
  readonly #stat: KeptFile;
  readonly #procRoot: string;
  #status: KeptFile | undefined;

  /** As of the last sample. */
  hasMemory = false;
  hasStat = false;
  residentPages = 0;
  sharedPages = 0;
  isDead = false;
  isHeadless = false;
  ppid = 0;
  threads = 0;
  cpuTicks = 0;
  childCpuTicks = 0;
  /** How much `childCpuTicks` has grown with the last sample. */
  inheritedTicks = 0;
  startTicks = 0;

  private constructor(incarnation: Incarnation, statm: KeptFile, stat: KeptFile, procRoot: string) {
    this.incarnation = incarnation;
    this.#statm = statm;
    this.#stat = stat;
    this.#procRoot = procRoot;
  }

  /** The identity is checked after opening: whatever the pid becomes later, the descriptors stay with this process. */
  static open(incarnation: Incarnation, procRoot: string): ProcessHandle | "gone" | "unreadable" {
    const directory = `${procRoot}/${incarnation.pid}`;
    const statm = KeptFile.open(`${directory}/statm`);
    if (typeof statm === "string") return statm;
    const stat = KeptFile.open(`${directory}/stat`);
    if (typeof stat === "string") {
      statm.close();
      return stat;
    }
    const handle = new ProcessHandle(incarnation, statm, stat, procRoot);
    if (handle.sample(true) === "alive" && handle.hasStat) {
      handle.inheritedTicks = 0;
      return handle;
    }
    handle.close();
    return handle.hasStat ? "gone" : handle.isDead ? "gone" : "unreadable";
  }

  /** @param wantsStat also CPU and threads; without, only what resident memory needs is read. */
  sample(wantsStat: boolean): "alive" | "gone" {
    // Memory first: if the files are not kept, the identity that is read after it holds for both.
    const length = this.#statm.read();
    if (length === "gone") return this.#gone();
    this.hasMemory = typeof length === "number" && scanStatm(keptBytes, length, this);
    const mayBeZombie = this.hasMemory && this.residentPages === 0;
    if (!wantsStat && !mayBeZombie && this.#statm.isKept) return "alive";
    return this.#sampleStat();
  }

  /** Swapped-out memory; undefined if it could not be read. */
  swapBytes(): number | undefined {
    if (this.#status === undefined) {
      const status = KeptFile.open(`${this.#procRoot}/${this.incarnation.pid}/status`);
      if (typeof status === "string") return undefined;
      this.#status = status;
    }
    const text = this.#status.text();
    return text === undefined ? undefined : kibibytesLine(text, "VmSwap");
  }

  close(): void {
    this.#statm.close();
    this.#stat.close();
    this.#status?.close();
  }

  #sampleStat(): "alive" | "gone" {
    const length = this.#stat.read();
    if (length === "gone") return this.#gone();
    const before = this.childCpuTicks;
    this.hasStat = typeof length === "number" && scanStat(keptBytes, length, this);
    if (!this.hasStat) return "alive";
    if (this.isDead || this.startTicks !== this.incarnation.startTicks) return this.#gone();
    this.inheritedTicks = Math.max(0, this.childCpuTicks - before);
    if (this.isHeadless) this.hasMemory = false;
    return "alive";
  }

  #gone(): "gone" {
    this.isDead = true;
    return "gone";
  }
}
