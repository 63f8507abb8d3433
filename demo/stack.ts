// `npm run stack`: the demonstration with a real Prometheus and a real Alertmanager, on loopback, with the files in alerts/.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
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
  // Ctrl-C reaches the whole process group: the program below ends its workers first, then this ends the servers.
  let program: ChildProcess | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => program?.kill(signal));
  try {
    servers.push(startServer("Alertmanager", "http://127.0.0.1:9093/", alertmanager, alertmanagerArguments()));
    servers.push(startServer("Prometheus", "http://127.0.0.1:9090/", prometheus, prometheusArguments()));
    await Promise.all(servers.map(ready));
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

function startServer(name: string, url: string, binary: string, args: readonly string[]): Server {
  const logFile = join(STATE, `${name.toLowerCase()}.log`);
  const log = openSync(logFile, "w");
  // A process group of their own: they are to outlive the Ctrl-C until the program has ended its workers.
  return { name, url, logFile, child: spawn(binary, args, { stdio: ["ignore", log, log], detached: true }) };
}

async function ready({ name, url, child, logFile }: Server): Promise<void> {
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    if (ended) throw new Error(`${name} ended at once (is its port taken? ${url}); ${logFile} says why`);
    const answer = await fetch(`${url}-/ready`).catch(() => undefined);
    if (answer?.ok === true && !ended) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
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
