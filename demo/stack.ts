// `npm run stack`: the demonstration with a real Prometheus and a real Alertmanager, on loopback, with the files in alerts/.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const STATE = join(PROJECT, ".cache", "stack");
const TOKEN = join(PROJECT, ".cache", "demo", "webhook.token");
/** The path that alerts/alertmanager.yml names; here the token is in the project. */
const PACKAGED_TOKEN = "/etc/pitcrew/webhook.token";

interface Server {
  name: string;
  url: string;
  child: ChildProcess;
  logFile: string;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { prometheus: { type: "string" }, alertmanager: { type: "string" } },
    strict: true,
  });
  const { prometheus, alertmanager } = values;
  if (prometheus === undefined || alertmanager === undefined)
    throw new TypeError("setup/start.mjs --stack says where the binaries are");
  mkdirSync(STATE, { recursive: true });
  const servers: Server[] = [];
  let program: ChildProcess | undefined;
  const ending = new AbortController();
  // Ctrl-C and a closed terminal reach the whole process group: the program below ends its workers first, then this ends the servers.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      ending.abort();
      program?.kill(signal);
    });
  // A terminal that was closed takes no more text.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  try {
    await Promise.all([isFree("Alertmanager", 9093), isFree("Prometheus", 9090)]);
    servers.push(startServer("Alertmanager", "http://127.0.0.1:9093/", alertmanager, alertmanagerArguments()));
    servers.push(startServer("Prometheus", "http://127.0.0.1:9090/", prometheus, prometheusArguments()));
    await Promise.all(servers.map((server) => ready(server, ending.signal)));
    if (ending.signal.aborted) return 130;
    for (const { name, url } of servers) process.stdout.write(`  ${name.padEnd(26)}  ${url}\n`);
    program = spawn(
      process.execPath,
      [join(PROJECT, "dist", "pitcrew.js"), "up", "--config.file", join(PROJECT, "demo", "pitcrew.yml"), "--view"],
      {
        stdio: "inherit",
      },
    );
    const [code] = (await once(program, "exit")) as [number | null];
    return code ?? 1;
  } catch (cause) {
    process.stderr.write(`npm run stack: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return 1;
  } finally {
    await Promise.all(servers.map(stop));
  }
}

function alertmanagerArguments(): string[] {
  const text = readFileSync(join(PROJECT, "alerts", "alertmanager.yml"), "utf8");
  if (!text.includes(PACKAGED_TOKEN)) throw new Error(`alerts/alertmanager.yml does not name ${PACKAGED_TOKEN}`);
  const file = join(STATE, "alertmanager.yml");
  writeFileSync(file, text.replace(PACKAGED_TOKEN, TOKEN));
  return [
    `--config.file=${file}`,
    `--storage.path=${join(STATE, "alertmanager")}`,
    "--web.listen-address=127.0.0.1:9093",
    "--cluster.listen-address=",
  ];
}

function prometheusArguments(): string[] {
  return [
    `--config.file=${join(PROJECT, "alerts", "prometheus.yml")}`,
    `--storage.tsdb.path=${join(STATE, "prometheus")}`,
    "--storage.tsdb.retention.time=2d",
    "--web.listen-address=127.0.0.1:9090",
  ];
}

/** Whoever answers on it otherwise would be taken for our own server. */
async function isFree(name: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
  } catch (cause) {
    const who = `another program listens on 127.0.0.1:${port}, where ${name} is to run`;
    throw new Error(`${who}: stop it, or run npm start, which needs neither`, { cause });
  }
  await once(probe.close(), "close");
}

function startServer(name: string, url: string, binary: string, args: readonly string[]): Server {
  const logFile = join(STATE, `${name.toLowerCase()}.log`);
  const log = openSync(logFile, "w");
  // A process group of their own: they are to outlive the Ctrl-C until the program has ended its workers.
  return { name, url, logFile, child: spawn(binary, args, { stdio: ["ignore", log, log], detached: true }) };
}

/** Returns early when the user does not want it any more. */
async function ready({ name, url, child, logFile }: Server, ending: AbortSignal): Promise<void> {
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  for (const deadline = Date.now() + 30_000; Date.now() < deadline && !ending.aborted; ) {
    if (ended) throw new Error(`${name} ended at once (is its port taken? ${url}); ${logFile} says why`);
    const answer = await fetch(`${url}-/ready`).catch(() => undefined);
    if (answer?.ok === true && !ended) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (ending.aborted) return;
  throw new Error(`${name} did not become ready within 30 s; ${logFile} says why`);
}

async function stop({ child }: Server): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(killer);
}
