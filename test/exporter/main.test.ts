// `pitcrew exporter` as a user runs it: a real process that looks at a real one.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PITCREW = fileURLToPath(new URL("../../pitcrew.ts", import.meta.url));
const L = { host: "box", worker: "leaky", group: "leaky" };

/** One worker that somebody else started, found by its pid file. */
function write(file: string, worker: string, pidfile: string, listen = "127.0.0.1:0") {
  const directory = join(file, "..");
  writeFileSync(
    file,
    `host: box
run_directory: ${directory}/run
state_directory: ${directory}/state
log_directory: ${directory}/log
workers:
  - {name: ${worker}, manager: observe, pidfile: ${pidfile}, limits: {memory: 1GiB}}
exporter: {listen: "${listen}"}
`,
    { mode: 0o600 },
  );
}

function startExporter(file: string) {
  const child = spawn(process.execPath, ["--import", "tsx", PITCREW, "exporter", "--config.file", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithTest(child);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  return { child, log: () => log, exited: once(child, "close") };
}

function endWithTest(child: ChildProcess): void {
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
}

test("measures a real process, keeps its configuration when a new one is bad, and ends at SIGTERM having written nothing", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "pitcrew.yml");
  const pidfile = join(directory, "leaky.pid");
  mkdirSync(join(directory, "run"));
  const worker = spawn("sleep", ["600"], { stdio: "ignore" });
  endWithTest(worker);
  writeFileSync(pidfile, `${worker.pid}\n`);
  write(file, "leaky", pidfile);

  const { child, log, exited } = startExporter(file);
  const url = await eventually(() => /url=(http:\S+)/.exec(log())?.[1], { what: "the exporter's address" });
  const scrape = async () => parseSeries(await (await fetch(`${url}metrics`)).text());
  const first = await scrape();
  expect(first.get(seriesKey("pitcrew_worker_up", L))).toBe(1);
  expect(first.get(seriesKey("pitcrew_worker_memory_bytes", L))).toBeGreaterThan(0);
  expect(first.get(seriesKey("pitcrew_worker_memory_limit_bytes", L))).toBe(1024 ** 3);
  expect(first.get(seriesKey("pitcrew_exporter_collector_success", { host: "box", collector: "worker" }))).toBe(1);

  writeFileSync(file, "workers: 7\n");
  child.kill("SIGHUP");
  const successful = seriesKey("pitcrew_exporter_config_last_reload_successful", { host: "box" });
  await eventually(async () => (await scrape()).get(successful) === 0, { what: "the failed reload" });
  expect((await scrape()).get(seriesKey("pitcrew_worker_up", L))).toBe(1);

  write(file, "renamed", pidfile);
  child.kill("SIGHUP");
  await eventually(async () => (await scrape()).get(successful) === 1, { what: "the good reload" });
  const last = [...(await scrape()).keys()].join("\n");
  expect(last).toContain('worker="renamed"');
  expect(last).not.toContain('worker="leaky"');

  worker.kill("SIGKILL");
  await once(worker, "close");
  const up = seriesKey("pitcrew_worker_up", { host: "box", worker: "renamed", group: "renamed" });
  expect((await scrape()).get(up)).toBe(0);

  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(join(directory, "run"))).toEqual([]);
  expect(existsSync(join(directory, "state"))).toBe(false);
});

test("a port in use is one line and exit code 1", async () => {
  const directory = temporaryDirectory();
  const [first, second] = [join(directory, "one.yml"), join(directory, "two.yml")];
  write(first, "leaky", join(directory, "none.pid"));
  const running = startExporter(first);
  const url = await eventually(() => /url=(http:\S+)/.exec(running.log())?.[1], { what: "the exporter's address" });
  write(second, "leaky", join(directory, "none.pid"), new URL(url).host);
  const { log, exited } = startExporter(second);
  expect(await exited).toEqual([1, null]);
  expect(log()).toMatch(
    /^ts=\S+ level=error msg="cannot listen on 127\.0\.0\.1:\d+: another process already listens there; [^\n]*--exporter\.listen-address"\n$/,
  );
});
