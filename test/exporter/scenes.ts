// Machines made of plain files, each in another state: what the exporter says of them is kept beside the tests.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { writeBrakeRecord } from "../../worker/files/brake-record.ts";
import { writePidRecord } from "../../worker/files/pid-record.ts";
import { brakeDirectory } from "../../worker/files/run-directory.ts";
import type { ManagerSpec, WorkerSpec } from "../../worker/spec.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { BOOT_ID, type FixtureProc, fixtureProc } from "../worker/fixture-proc.ts";
import { matching, specOf } from "../worker/spec-of.ts";
import { config, GIB } from "./build.ts";

export interface Scene {
  config: Config;
  procRoot: string;
  cgroupRoot: string;
}

const [root, child, stranger] = [5_000_001, 5_000_002, 5_000_003];
const MEMINFO = `MemTotal:       16777216 kB
MemFree:         1048576 kB
MemAvailable:    8388608 kB
SwapTotal:       2097152 kB
SwapFree:        1048576 kB
`;
const PRESSURE = `some avg10=0.12 avg60=0.00 avg300=0.00 total=2500000
full avg10=0.00 avg60=0.00 avg300=0.00 total=1250000
`;
const LIMITS = { memoryBytes: 8 * GIB, memoryReliefBytes: 6 * GIB, ageSeconds: 3600 };
const unit = "encoder@1.service";
const systemd: ManagerSpec = { kind: "systemd", unit };

export const SCENES: Readonly<Record<string, () => Scene>> = {
  healthy: () =>
    scene([specOf({ limits: LIMITS }), observed("legacy", /legacy\.py/)], ({ proc, runDirectory }) => {
      putTree(proc);
      proc.put({
        pid: stranger,
        cmdline: ["python3", "legacy.py"],
        startTicks: 900_000,
        threads: 3,
        cpuTicks: [50, 25, 0, 0],
      });
      const incarnation = { bootId: BOOT_ID, pid: root, startTicks: 500_000 };
      writePidRecord(runDirectory, { version: 1, worker: "train-1", incarnation, session: root, startId: "s" });
      brake(runDirectory, incarnation.pid);
    }),
  down: () =>
    scene([specOf({ limits: LIMITS }), observed("legacy", /legacy\.py/)], ({ runDirectory }) => {
      // A former incarnation's record: its total stays, its streak has ended with it.
      brake(runDirectory, 77);
    }),
  "partly-unreadable": () =>
    scene(
      [observed("train-1", /train\.py/), observed("other", /other\.py/), pidfile("broken")],
      ({ proc, directory }) => {
        putTree(proc);
        proc.write(`${child}/statm`, "broken");
        proc.put({ pid: stranger, cmdline: ["python3", "other.py"], startTicks: 900_000 });
        proc.write("meminfo", MEMINFO.replace(/MemAvailable.*\n/, ""));
        proc.write("pressure/memory", "some avg10=0.00");
        write(join(directory, "run/workers/other/brake"), "{");
        write(join(directory, "broken.pid"), "not a pid\n");
      },
    ),
  hidepid: () =>
    scene(
      [observed("train-1", /train\.py/), observed("hidden", /hidden\.py/), pidfile("legacy")],
      ({ proc, directory }) => {
        putTree(proc);
        proc.remove(1);
        write(join(directory, "legacy.pid"), `${stranger}\n`);
      },
    ),
  "cgroup-v1": () =>
    scene([specOf({ name: "encoder-1", group: "encoder", manager: systemd })], ({ proc, cgroups }) => {
      const lines = `4:memory:/system.slice/${unit}\n1:name=systemd:/system.slice/${unit}\n`;
      putTree(proc, lines);
      cgroups(`systemd/system.slice/${unit}/cgroup.procs`, `${root}\n${child}\n`);
      const memory = `memory/system.slice/${unit}`;
      cgroups(
        `${memory}/memory.stat`,
        "rss 1\ntotal_rss 1073741824\ntotal_shmem 4096\ntotal_inactive_file 1\ntotal_active_file 1\n",
      );
      cgroups(`${memory}/memory.usage_in_bytes`, "2147483648\n");
      cgroups(`${memory}/memory.limit_in_bytes`, "9223372036854771712\n");
      cgroups(`${memory}/memory.oom_control`, "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
      cgroups("memory/memory.limit_in_bytes", "9223372036854771712\n");
    }),
  "cgroup-v2": () =>
    scene([specOf({ name: "encoder-1", group: "encoder", manager: systemd, limits: LIMITS })], ({ proc, cgroups }) => {
      putTree(proc, `0::/system.slice/${unit}\n`);
      cgroups("cgroup.controllers", "memory\n");
      // The exporter's own unit has a limit, which says nothing of the machine.
      cgroups("system.slice/pitcrew-exporter.service/memory.max", "134217728\n");
      const own = `system.slice/${unit}`;
      cgroups(`${own}/cgroup.procs`, `${root}\n${child}\n`);
      cgroups(`${own}/memory.stat`, "anon 1073741824\nfile 5\nshmem 4096\ninactive_file 1\nactive_file 1\n");
      cgroups(`${own}/memory.current`, "2147483648\n");
      cgroups(`${own}/memory.max`, "4294967296\n");
      cgroups(`${own}/memory.high`, "1073741824\n");
      cgroups(`${own}/memory.events`, "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n");
    }),
  container: () =>
    scene([observed("train-1", /train\.py/)], ({ proc, cgroups }) => {
      putTree(proc, "0::/\n");
      proc.write("self/cgroup", "0::/\n");
      cgroups("cgroup.controllers", "memory\n");
      cgroups("memory.max", "4294967296\n");
      cgroups("memory.high", "1073741824\n");
      cgroups("memory.current", "3221225472\n");
      cgroups("memory.stat", "anon 1\nshmem 0\ninactive_file 1073741824\nactive_file 536870912\n");
      cgroups("memory.swap.max", "1073741824\n");
      cgroups("memory.swap.current", "268435456\n");
      cgroups("memory.pressure", PRESSURE.replace("2500000", "7000000"));
    }),
};

interface Parts {
  proc: FixtureProc;
  directory: string;
  runDirectory: string;
  cgroups: (path: string, text: string) => void;
}

function scene(workers: readonly WorkerSpec[], fill: (parts: Parts) => void): Scene {
  const proc = fixtureProc();
  const directory = temporaryDirectory();
  const runDirectory = join(directory, "run");
  const cgroupRoot = join(directory, "cgroup");
  mkdirSync(runDirectory);
  mkdirSync(cgroupRoot);
  proc.write("meminfo", MEMINFO);
  proc.write("vmstat", "nr_free_pages 1\noom_kill 3\nnr_unstable 0\n");
  proc.write("pressure/memory", PRESSURE);
  proc.write(
    "self/cgroup",
    "4:memory:/system.slice/pitcrew-exporter.service\n0::/system.slice/pitcrew-exporter.service\n",
  );
  fill({ proc, directory, runDirectory, cgroups: (path, text) => write(join(cgroupRoot, path), text) });
  const located = workers.map((spec) => (isPidfile(spec) ? inDirectory(spec, directory) : spec));
  return { config: config({ host: "box", runDirectory, workers: located }), procRoot: proc.root, cgroupRoot };
}

function putTree(proc: FixtureProc, cgroup = "0::/\n"): void {
  const tree = { cgroup, residentPages: 25_600, vmSwapKib: 64, cmdline: ["python3", "train.py"] };
  proc.put({ ...tree, pid: root, session: root, startTicks: 500_000, threads: 5, cpuTicks: [1200, 300, 40, 10] });
  proc.put({ ...tree, pid: child, ppid: root, session: root, startTicks: 600_000, cpuTicks: [100, 0, 0, 0] });
}

function brake(runDirectory: string, pid: number): void {
  mkdirSync(brakeDirectory(runDirectory, "train-1"), { recursive: true });
  writeBrakeRecord(runDirectory, {
    version: 1,
    worker: "train-1",
    incarnation: { bootId: BOOT_ID, pid, startTicks: 500_000 },
    brakesTotal: 12,
    consecutiveBrakes: 4,
    limit: 10,
    lastBrakeSeconds: 1_699_999_000,
    handles: ["relief"],
    ending: undefined,
  });
}

function observed(name: string, cmdline: RegExp): WorkerSpec {
  return specOf({ name, group: name, manager: matching(cmdline) });
}

function pidfile(name: string): WorkerSpec {
  return specOf({ name, group: name, manager: { kind: "observe", locator: { kind: "pidfile", path: `${name}.pid` } } });
}

function isPidfile({ manager }: WorkerSpec): boolean {
  return "locator" in manager && manager.locator.kind === "pidfile";
}

function inDirectory(spec: WorkerSpec, directory: string): WorkerSpec {
  const path = join(directory, `${spec.name}.pid`);
  return { ...spec, manager: { kind: "observe", locator: { kind: "pidfile", path } } };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
