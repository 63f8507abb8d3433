// Who renews a worker that is over its limit: each runs its own workers at once, until every one has had its trials.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pollerArgv } from "./poller.ts";
import { startSite } from "./site.ts";
import { startStack } from "./stack.ts";
import { eventsIn, LIMIT_MIB, workerArgv } from "./worker.ts";

const MIB = 1024 ** 2;
const POLL_MS = 1000;

export interface Running {
  /** One file of each worker. */
  events: readonly string[];
  /** A worker's later crossings are not counted. */
  isFirstOnly?: boolean;
  end(): Promise<void>;
}

export interface Contestant {
  name: string;
  start(folder: string): Promise<Running>;
}

export interface Programs {
  monit: string;
  prometheus: string;
  alertmanager: string;
  pm2: string;
}

export const POLLER = "bare poller";
export const GUARD = "pitcrew, guard";
export const PROMETHEUS = "pitcrew, Prometheus";
export const MONIT = "monit";

/** The two that are held against each other have several workers: their ratio needs more trials than the others' orders of magnitude. */
const COPIES = 2;
/**
 * Each of many workers is over its limit once, as it is in life, where hours lie between two crossings. A second one soon afterwards is no news
 * to Alertmanager: it remembers a group for up to half a minute after its last word, and for a quarter of an hour Prometheus repeats to it that
 * the first one is over; a new alert of such a group waits for the end of its group_interval (10 s).
 */
const ONCE_WITHIN = [20, 90] as const;
const ONCE = 18;

export function contestants({ monit, prometheus, alertmanager, pm2 }: Programs): Contestant[] {
  return [
    { name: POLLER, start: startPollers },
    {
      name: GUARD,
      async start(folder) {
        const workers = Array.from({ length: COPIES }, (_, index) => ({ name: `w${index + 1}` }));
        return startSite({
          folder,
          workers,
          limitMib: LIMIT_MIB,
          guard: "{when: always, interval: 1s}",
          verifyFor: "1s",
        });
      },
    },
    { name: MONIT, start: (folder) => startMonit(monit, folder) },
    { name: "pm2", start: (folder) => startPm2(pm2, folder) },
    {
      name: PROMETHEUS,
      async start(folder) {
        const workers = Array.from({ length: ONCE }, (_, index) => ({
          name: `w${index + 1}`,
          wait: ONCE_WITHIN,
        }));
        const site = await startSite({
          folder,
          workers,
          limitMib: LIMIT_MIB,
          guard: "{when: never}",
          verifyFor: "1s",
        });
        const stack = await startStack({ prometheus, alertmanager, folder, site });
        return {
          events: site.events,
          isFirstOnly: true,
          async end() {
            await stack.end();
            await site.end();
          },
        };
      },
    },
  ];
}

async function startPollers(folder: string): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const events = Array.from({ length: COPIES }, (_, index) => join(folder, `w${index + 1}.events`));
  const children = events.map((file) => {
    const [command, ...args] = pollerArgv(POLL_MS, LIMIT_MIB * MIB, workerArgv({ events: file }));
    return spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  });
  return {
    events,
    end: async () => {
      await Promise.all(children.map((child) => ended(child)));
    },
  };
}

async function startMonit(monit: string, folder: string): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const [events, pidfile] = [join(folder, "events"), join(folder, "pid")];
  const [start, stop] = [join(folder, "start.sh"), join(folder, "stop.sh")];
  const argv = workerArgv({ events, pidfile }).map((argument) => `'${argument}'`);
  writeFileSync(start, `#!/bin/sh\nsetsid ${argv.join(" ")} >/dev/null 2>&1 </dev/null &\n`, { mode: 0o755 });
  writeFileSync(stop, `#!/bin/sh\nkill -TERM "$(cat ${pidfile})"\n`, { mode: 0o755 });
  const file = join(folder, "monitrc");
  const text = `set daemon ${POLL_MS / 1000}
set logfile ${folder}/log
set pidfile ${folder}/monit.pid
set idfile ${folder}/id
set statefile ${folder}/state
check process leaky with pidfile ${pidfile}
  start program = "${start}"
  stop program = "${stop}"
  if totalmem > ${LIMIT_MIB} MB for 1 cycles then restart
`;
  writeFileSync(file, text, { mode: 0o600 });
  const child = spawn(monit, ["-I", "-c", file], { stdio: "ignore" });
  return {
    events: [events],
    async end() {
      await ended(child);
      // It starts its workers in sessions of their own and leaves them running.
      const last = eventsIn(events).at(-1);
      if (last === undefined || last.what === "signal") return;
      try {
        process.kill(last.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    },
  };
}

async function startPm2(pm2: string, folder: string): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const events = join(folder, "events");
  const [interpreter, script, ...args] = workerArgv({ events });
  const app = { name: "leaky", interpreter, script, args, max_memory_restart: `${LIMIT_MIB}M`, autorestart: true };
  const file = join(folder, "ecosystem.config.cjs");
  writeFileSync(file, `module.exports = ${JSON.stringify({ apps: [app] })};\n`);
  const env = { ...process.env, PM2_HOME: join(folder, "home"), PM2_WORKER_INTERVAL: String(POLL_MS) };
  const ask = (...words: string[]) => execFileSync(process.execPath, [pm2, ...words], { env, stdio: "ignore" });
  ask("start", file);
  return { events: [events], end: async () => void ask("kill") };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
