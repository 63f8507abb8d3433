// Run as the first process of a pid namespace: samples a worker, lets it end, gives its pid to a stranger, and only then signals the worker.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createSupervisedManager } from "../../remediator/managers/supervised.ts";
import { identify } from "../../worker/identify.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import { spec } from "../remediator/incidents/builders.ts";

const directory = mkdtempSync(join(tmpdir(), "pitcrew-reuse-"));
const manager = createSupervisedManager({ runDirectory: directory, logDirectory: directory });
const worker = spec({
  manager: {
    kind: "supervised",
    restart: "never",
    launch: { argv: ["/bin/sleep", "600"], directory: "/", environment: {} },
  },
});

const started = await manager.start(worker, "first");
if (started.kind !== "started") throw new Error(JSON.stringify(started));
const sampled = started.incarnation;
process.kill(sampled.pid, "SIGKILL");
while (identify(sampled.pid) !== undefined || manager.exitOf(worker, sampled) === undefined) await sleep(10);

/** Takes every pid until it has this one. */
async function strangerWith(pid: number): Promise<ChildProcess> {
  const script = `trap 'echo TERM >> ${directory}/signals' TERM; while :; do sleep 0.05; done`;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore" });
    if (child.pid === pid) return child;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  throw new Error(`pid ${pid} was not given out again`);
}

writeFileSync(join(directory, "signals"), "");
const stranger = await strangerWith(sampled.pid);
// Its trap is set: what arrives from here on is written down.
await sleep(300);
const present = identify(sampled.pid);
const result = {
  samePid: present?.pid === sampled.pid,
  sameIncarnation: sameIncarnation(present, sampled),
  terminate: await manager.terminate(worker, sampled),
  kill: await manager.kill(worker, sampled, [sampled]),
  remains: manager.remains(worker, sampled, [sampled]).length,
  signals: "",
};
await sleep(200);
if (stranger.exitCode !== null || stranger.signalCode !== null) result.signals += "it is dead ";
result.signals += readFileSync(join(directory, "signals"), "utf8");
stranger.kill("SIGKILL");
process.stdout.write(JSON.stringify(result));
