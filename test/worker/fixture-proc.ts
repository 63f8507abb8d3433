// A /proc made of plain files: for what no real machine can be asked to show (reused pids, hidden processes, other architectures).
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryDirectory } from "../support/temporary-directory.ts";

export const BOOT_ID = "5e6f7a80-0000-4000-8000-000000000001";

export interface FixtureProcess {
  pid: number;
  startTicks?: number;
  ppid?: number;
  session?: number;
  comm?: string;
  state?: string;
  /** PF_… of include/linux/sched.h. */
  flags?: number;
  threads?: number;
  residentPages?: number;
  cmdline?: readonly string[];
  uid?: number;
  cgroup?: string;
  pssKib?: number;
  vmSwapKib?: number;
  /** utime, stime, cutime, cstime */
  cpuTicks?: readonly [number, number, number, number];
}

export interface FixtureProc {
  root: string;
  /** Adds a process, or replaces the one with this pid. */
  put(process: FixtureProcess): void;
  remove(pid: number): void;
  write(path: string, text: string): void;
}

/** Pids are best chosen above 4194304, which no real process has. */
export function fixtureProc(processes: readonly FixtureProcess[] = [], uptimeSeconds = 10_000): FixtureProc {
  const root = temporaryDirectory("pitcrew-proc-");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const remove = (pid: number) => rmSync(join(root, String(pid)), { recursive: true, force: true });
  const put = (process: FixtureProcess) => {
    const { pid, residentPages = 100, cmdline = [], uid = 0, cgroup = "0::/\n", pssKib, vmSwapKib = 0 } = process;
    remove(pid);
    write(`${pid}/stat`, statText(process));
    write(`${pid}/statm`, `2000 ${residentPages} 50 10 0 60 0\n`);
    write(`${pid}/cmdline`, cmdline.map((argument) => `${argument}\0`).join(""));
    write(`${pid}/status`, `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nVmSwap:\t${vmSwapKib} kB\n`);
    write(`${pid}/cgroup`, cgroup);
    if (pssKib !== undefined)
      write(`${pid}/smaps_rollup`, `0-1 ---p 0 00:00 0 [rollup]\nRss: 1 kB\nPss:    ${pssKib} kB\n`);
  };
  write("sys/kernel/random/boot_id", `${BOOT_ID}\n`);
  write("uptime", `${uptimeSeconds.toFixed(2)} 100.00\n`);
  put({ pid: 1, startTicks: 1, comm: "init" });
  for (const process of processes) put(process);
  return { root, put, remove, write };
}

export function statText({
  pid,
  startTicks = 500,
  ppid = 1,
  session = 1,
  comm = "worker",
  state = "S",
  threads = 1,
  cpuTicks = [7, 3, 0, 0],
  flags = 0x400000,
}: FixtureProcess): string {
  const before = `${pid} (${comm}) ${state} ${ppid} ${pid} ${session} 0 -1 ${flags} 96 0 0 0 ${cpuTicks.join(" ")} 20 0 ${threads} 0`;
  return `${before} ${startTicks} 3133440 382 18446744073709551615 ${"0 ".repeat(26)}0\n`;
}
