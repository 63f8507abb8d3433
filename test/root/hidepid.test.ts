// /proc as a hardened machine mounts it, or as ProtectProc= shows it to a unit: what is hidden is neither up nor down.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { PROJECT } from "../support/pitcrew.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { tag } from "../worker/observing.ts";

const NOBODY = 65_534;
/** Root without the right to see what other users run. */
const UNPRIVILEGED = ["setpriv", "--bounding-set=-sys_ptrace", "--"];

beforeAll(() => {
  if (process.geteuid?.() !== 0) throw new Error("these tests need root: sudo npm run test:root");
});

const of = (metric: string, worker: string, labels = {}) =>
  seriesKey(metric, { host: "box", worker, group: worker, ...labels });

test.each([1, 2])(
  "with hidepid=%d a hidden worker has no up, its error is counted, and one's own is measured",
  async (hidepid) => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "run"));
    const [hidden, own] = [tag(), tag()];
    const start = async (name: string, wrapper: readonly string[]) => {
      const [program, ...args] = [...wrapper, "bash", "-c", `exec -a ${name} sleep 600`];
      const child = spawn(program, args, { stdio: "ignore" });
      onTestFinished(() => {
        child.kill("SIGKILL");
      });
      await eventually(() => readFileSync(`/proc/${child.pid}/cmdline`, "utf8").startsWith(name), { what: name });
      return child;
    };
    const nobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
    const [stranger] = await Promise.all([start(hidden, nobody), start(own, UNPRIVILEGED)]);
    writeFileSync(join(directory, "legacy.pid"), `${stranger.pid}\n`);
    writeFileSync(join(directory, "gone.pid"), "4194303\n");
    writeFileSync(
      join(directory, "pitcrew.yml"),
      `host: box
run_directory: run
state_directory: state
workers:
  - {name: hidden, manager: observe, match: {cmdline: ${hidden}, user: "${NOBODY}"}}
  - {name: own, manager: observe, match: {cmdline: ${own}, user: root}}
  - {name: legacy, manager: observe, pidfile: legacy.pid}
  - {name: gone, manager: observe, pidfile: gone.pid}
exporter: {listen: "127.0.0.1:0"}
`,
      { mode: 0o600 },
    );
    // Without the capability, and outside of the group that may see everybody, root is a user like others.
    const script = `mount -t proc -o hidepid=${hidepid},gid=4242 proc /proc && exec ${UNPRIVILEGED.join(" ")} "$@"`;
    const program = [process.execPath, join(PROJECT, "dist/pitcrew.js"), "exporter", "--config.file"];
    const exporter = spawn(
      "unshare",
      ["--mount", "sh", "-c", script, "sh", ...program, join(directory, "pitcrew.yml")],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    onTestFinished(() => {
      exporter.kill("SIGKILL");
    });
    let log = "";
    exporter.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const url = await eventually(() => /url=(http:\S+)/.exec(log)?.[1], { what: `the exporter's address in ${log}` });
    const series = parseSeries(await (await fetch(`${url}metrics`)).text());
    expect(series.get(of("pitcrew_worker_up", "own"))).toBe(1);
    expect(series.get(of("pitcrew_worker_memory_bytes", "own"))).toBeGreaterThan(0);
    for (const worker of ["hidden", "legacy"]) {
      expect([worker, series.get(of("pitcrew_worker_up", worker))]).toEqual([worker, undefined]);
      const errors = ["processes", "stat"].map(
        (source) => series.get(of("pitcrew_worker_read_errors_total", worker, { source })) ?? 0,
      );
      expect([worker, Math.max(...errors)]).toEqual([worker, 1]);
    }
    // Nobody has that pid: to know so, one need not see the others.
    expect(series.get(of("pitcrew_worker_up", "gone"))).toBe(0);
    expect(series.get(seriesKey("pitcrew_exporter_collector_success", { host: "box", collector: "worker" }))).toBe(0);
  },
);
