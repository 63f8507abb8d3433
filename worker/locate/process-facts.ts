// What is asked about a process when it is judged: each file is read at most once, and only if some worker's pattern asks for it.
import { parseCmdline } from "../proc/cmdline.ts";
import { readText } from "../proc/read-text.ts";
import { parseStatus } from "../proc/status.ts";

/** Long enough for a Java class path; a limit on what a hostile command line can make a pattern chew. */
const MAX_CMDLINE_BYTES = 32 * 1024;

export class ProcessFacts {
  readonly pid: number;
  readonly #directory: string;
  #commandLine: { text: string | undefined } | undefined;
  #hasHidden = false;

  constructor(pid: number, procRoot: string) {
    this.pid = pid;
    this.#directory = `${procRoot}/${pid}`;
  }

  /** The arguments joined by single spaces; undefined if it has none (a kernel thread, a zombie), is gone, or is hidden. */
  get commandLine(): string | undefined {
    if (this.#commandLine === undefined) {
      const read = readText(`${this.#directory}/cmdline`, MAX_CMDLINE_BYTES);
      this.#hasHidden ||= read.kind === "unreadable";
      const text = read.kind === "ok" ? parseCmdline(read.text).join(" ") : "";
      this.#commandLine = { text: text === "" ? undefined : text };
    }
    return this.#commandLine.text;
  }

  get effectiveUid(): number | undefined {
    const read = readText(`${this.#directory}/status`);
    this.#hasHidden ||= read.kind === "unreadable";
    return read.kind === "ok" ? parseStatus(read.text)?.effectiveUid : undefined;
  }

  /** True if the system keeps from us what we asked for: this process may be anybody's. */
  get hasHidden(): boolean {
    return this.#hasHidden;
  }
}
