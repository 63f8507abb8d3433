// Processes to be watched, and the clock that the watchers are measured by: both are one small static C program.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endOf, endWithUs } from "./children.ts";

export interface Crew {
  end(): Promise<void>;
}

export class Dummies {
  readonly #program: string;

  /** @throws where there is no C compiler */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#program = join(folder, "dummies");
    execFileSync("cc", ["-O2", "-static", "-o", this.#program, join(import.meta.dirname, "dummies.c")]);
  }

  /** `name --id=1` …: each only waits. */
  async spawn(count: number, name: string): Promise<Crew> {
    if (count === 0) return { end: () => Promise.resolve() };
    const args = ["spawn", String(count), name];
    const child = endWithUs(spawn(this.#program, args, { stdio: ["ignore", "pipe", "inherit"] }));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    if (!line.toString().startsWith("ready")) throw new Error(`dummies said ${line.toString()}`);
    return { end: () => endOf(child) };
  }

  clock(): CpuClock {
    return new CpuClock(this.#program);
  }
}

/** Worker-like Node processes: an interpreter of 40 MiB with its threads. */
export async function spawnNodeWorkers(count: number): Promise<Crew> {
  const program = 'process.stdout.write("."); setInterval(() => {}, 1e6)';
  const children = Array.from({ length: count }, (_, index) =>
    endWithUs(
      spawn(process.execPath, ["-e", program, "--", "leakworker", `--id=${index + 1}`], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    ),
  );
  await Promise.all(children.map((child) => once(child.stdout, "data")));
  return {
    async end() {
      await Promise.all(children.map(endOf));
    },
  };
}

/** A process' own CPU clock, all its threads, the ended ones included: clock_getcpuclockid(3). */
export class CpuClock {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string) {
    this.#child = spawn(program, ["clock"], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Milliseconds. */
  async used(pid: number): Promise<number> {
    this.#child.stdin.write(`${pid}\n`);
    const { value } = (await this.#lines.next()) as { value: string };
    const nanoseconds = Number(value);
    if (!(nanoseconds >= 0)) throw new Error(`pid ${pid} has no CPU clock: it has ended`);
    return nanoseconds / 1e6;
  }

  async end(): Promise<void> {
    await endOf(this.#child);
  }
}
