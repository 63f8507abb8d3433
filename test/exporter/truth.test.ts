// The figures beside those of independent tools, for the same living processes: ps(1), the sums over smaps, and Debian's process-exporter.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureBinaries } from "../../setup/debian-packages.mjs";
import { parseSeries } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { MIB, observing, tag } from "../worker/observing.ts";
import { startPython } from "../worker/python.ts";
import { matching, specOf } from "../worker/spec-of.ts";

/** A tree of three that shares 40 MiB, has threads, and has used about half a second of CPU, a part of it in an ended child. */
const SCRIPT = `
import threading
def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
block = bytearray(40 << 20)
for at in range(0, len(block), 4096): block[at] = 1
for name in ("a", "b"):
    if os.fork() == 0:
        tell(name, os.getpid())
        sum(block[at] for at in range(0, len(block), 4096))
        own = bytearray(10 << 20)
        for at in range(0, len(own), 4096): own[at] = 1
        os.write(1, b"settled 0\\n")
        wait()
if os.fork() == 0:
    burn(0.2)
    os._exit(0)
os.wait()
burn(0.2)
for _ in range(2): threading.Thread(target=wait, daemon=True).start()
ready()`;

test("resident, proportional and unique memory, start, CPU and threads are what ps, smaps and process-exporter say", async () => {
  const name = tag();
  const { root } = await startPython(SCRIPT, { args: [name] });
  const specs = [specOf({ manager: matching(new RegExp(name)) })];
  const observer = observing(specs, temporaryDirectory(), { isDetailed: true });
  observer.setProportional({ intervalSeconds: 0, maxResidentBytes: 1024 * MIB });
  const reading = await eventually(
    async () => {
      const [seen] = (await observer.observe()).workers;
      return seen?.tree?.members.length === 3 && (seen.tree.residentMemoryBytes ?? 0) > 160 * MIB && seen;
    },
    { what: "the tree to have touched its memory", within: 60_000 },
  );
  const { tree, counters } = reading;
  if (tree === undefined) throw new Error("no tree");
  const pids = tree.members.map(({ pid }) => pid);

  const ps = psOf(pids);
  near("resident memory, by ps", tree.residentMemoryBytes, ps.residentBytes, 1 * MIB);
  // Both count in whole seconds from a boot time that the kernel tells in whole seconds.
  near("start, by ps", tree.startTimeSeconds, ps.oldestStartSeconds, 2);
  // ps tells whole seconds, of living processes alone.
  near("CPU, by ps", counters?.cpuSeconds, ps.cpuSeconds, 3.5);
  expect(tree.threads).toBe(ps.threads);

  const smaps = pids.map(smapsOf);
  near("PSS, by smaps", tree.proportionalMemoryBytes, sum(smaps.map(({ pss }) => pss)), 1 * MIB);
  near("USS, by smaps", tree.uniqueMemoryBytes, sum(smaps.map(({ uss }) => uss)), 1 * MIB);
  near("anonymous memory, by smaps", tree.anonymousMemoryBytes, sum(smaps.map(({ anonymous }) => anonymous)), 1 * MIB);
  // Shared pages count once in PSS and in nobody's USS.
  expect(tree.residentMemoryBytes).toBeGreaterThan((tree.proportionalMemoryBytes ?? 0) + 60 * MIB);
  expect(tree.uniqueMemoryBytes).toBeLessThan(tree.proportionalMemoryBytes ?? 0);

  const peer = await processExporter(name);
  near("resident memory, by process-exporter", tree.residentMemoryBytes, peer("memory_bytes", "resident"), 1 * MIB);
  near("PSS, by process-exporter", tree.proportionalMemoryBytes, peer("memory_bytes", "proportionalResident"), 1 * MIB);
  near("start, by process-exporter", tree.startTimeSeconds, peer("oldest_start_time_seconds"), 2);
  expect(peer("num_procs")).toBe(pids.length);
  expect(peer("num_threads")).toBe(tree.threads);

  // process-exporter begins to count CPU when it first sees a group: ours is held against the kernel's own clocks instead.
  const ticks = sum(pids.map(ticksOf));
  near("CPU, by the kernel's clocks", counters?.cpuSeconds, ticks / 100, 0.1);
  expect(counters?.cpuSeconds).toBeGreaterThan(0.35);
  expect(root.pid).toBe(pids[0]);
});

function near(what: string, ours: number | undefined, theirs: number, tolerance: number): void {
  expect(Math.abs((ours ?? Number.NaN) - theirs), `${what}: ${ours} against ${theirs}`).toBeLessThanOrEqual(tolerance);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function psOf(pids: readonly number[]) {
  const text = execFileSync("ps", ["-o", "rss=,etimes=,cputimes=,nlwp=", "-p", pids.join(",")], { encoding: "utf8" });
  const rows = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const column = (index: number) => rows.map((row) => row[index] ?? Number.NaN);
  return {
    residentBytes: sum(column(0)) * 1024,
    oldestStartSeconds: Date.now() / 1000 - Math.max(...column(1)),
    cpuSeconds: sum(column(2)),
    threads: sum(column(3)),
  };
}

function smapsOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  const total = (field: string) =>
    sum([...text.matchAll(new RegExp(`^${field}: +([0-9]+) kB$`, "gm"))].map(([, kib]) => Number(kib) * 1024));
  return { pss: total("Pss"), uss: total("Private_Clean") + total("Private_Dirty"), anonymous: total("Anonymous") };
}

/** utime, stime, cutime, cstime */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return sum(fields.slice(11, 15).map(Number));
}

async function processExporter(name: string): Promise<(metric: string, memtype?: string) => number> {
  const binaries = await ensureBinaries(["process-exporter"], { say: () => undefined });
  const file = join(temporaryDirectory(), "groups.yml");
  writeFileSync(file, `process_names:\n  - name: crew\n    cmdline: ['${name}']\n`);
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(
    binaries["process-exporter"],
    ["-config.path", file, "-gather-smaps=true", "-web.listen-address", `127.0.0.1:${port}`],
    { stdio: "ignore" },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const text = await eventually(
    async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
      const body = await response?.text();
      return body?.includes('groupname="crew"') === true && body;
    },
    { what: "process-exporter's answer", within: 60_000 },
  );
  const ours = text.split("\n").filter((line) => /^(# (HELP|TYPE) )?namedprocess_namegroup_/.test(line));
  const series = parseSeries(`${ours.join("\n")}\n`.replaceAll(" untyped\n", " gauge\n"));
  return (metric, memtype) => {
    const found = [...series].find(
      ([key]) =>
        key.startsWith(`namedprocess_namegroup_${metric}{`) &&
        (memtype === undefined || key.includes(`memtype="${memtype}"`)),
    );
    if (found === undefined) throw new Error(`process-exporter tells no ${metric} ${memtype ?? ""}`);
    return found[1];
  };
}
