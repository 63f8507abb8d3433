// Many hosts with many workers each, made of one real pitcrew: between it and Prometheus every series is told again under other names.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Pitcrew } from "../support/pitcrew.ts";
import type { Targets } from "../support/stack.ts";

export interface FleetSize {
  hosts: number;
  /** Of each worker, on each host. */
  copies: number;
}

/** `host-1` …, on each `leaky-1` …. Every counter grows with every scrape, so that each of its labels has something to show. */
export async function startFleet(pitcrew: Pitcrew, { hosts, copies }: FleetSize): Promise<Targets> {
  const names = Array.from({ length: hosts }, (_, index) => `host-${index + 1}`);
  const behind = (url: string) => {
    const read = onceASecond(async () => (await fetch(new URL("metrics", url))).text());
    return Promise.all(names.map((host) => startHost(read, host, copies)));
  };
  return { exporters: await behind(pitcrew.exporterUrl), remediators: await behind(pitcrew.remediatorUrl) };
}

/** All hosts share a reading, as fresh as their interval of scrapes. */
function onceASecond(read: () => Promise<string>): () => Promise<string> {
  let at = Number.NEGATIVE_INFINITY;
  let text: Promise<string> = Promise.resolve("");
  return () => {
    if (performance.now() - at > 900) {
      at = performance.now();
      text = read();
    }
    return text;
  };
}

async function startHost(read: () => Promise<string>, host: string, copies: number): Promise<string> {
  let scrapes = 0;
  const server = createServer((_, response) => {
    scrapes += 1;
    void read().then(
      (text) =>
        response
          .setHeader("Content-Type", "text/plain; version=0.0.4")
          .end(retold(withAdded(text), host, copies, scrapes)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What this machine may not have; see NOT_EVERYWHERE in shown.ts. */
const ADDED: Readonly<Record<string, string>> = {
  pitcrew_worker_proportional_memory_bytes: "WORKER 2e7",
  pitcrew_worker_unique_memory_bytes: "WORKER 1e7",
  pitcrew_worker_cgroup_memory_current_bytes: "WORKER 3e7",
  pitcrew_worker_cgroup_memory_max_bytes: "WORKER 9e7",
  pitcrew_worker_oom_kills_total: "WORKER 0",
  pitcrew_system_memory_pressure_waiting_seconds_total: "HOST 0",
  pitcrew_system_memory_pressure_stalled_seconds_total: "HOST 0",
};

/** Beside what one of the daemons tells; the workers' own labels are those of `pitcrew_worker_up`. */
function withAdded(text: string): string {
  const workers = [...text.matchAll(/^pitcrew_worker_up(\{.*\}) /gm)].map(([, labels]) => labels ?? "");
  const missing = Object.entries(ADDED).filter(([name]) => workers.length > 0 && !text.includes(`\n${name}{`));
  return missing.reduce((told, [name, what]) => {
    const [level, value] = what.split(" ");
    const series = level === "HOST" ? ['{host="test-host"}'] : workers;
    return `${told}${series.map((labels) => `${name}${labels} ${value}\n`).join("")}`;
  }, text);
}

function retold(text: string, host: string, copies: number, scrapes: number): string {
  return text
    .split("\n")
    .flatMap((line) => (line.startsWith("#") ? [line] : linesOf(line, host, copies, scrapes)))
    .join("\n");
}

const COUNTED = /^\w+_(total|bucket|count)[ {]/;
/** Old enough for everything that waits for an age. */
const OLDER_SECONDS = 7200;

function linesOf(line: string, host: string, copies: number, scrapes: number): string[] {
  const moved = line.replace('host="test-host"', `host="${host}"`);
  const value = Number(moved.slice(moved.lastIndexOf(" ")));
  const more = COUNTED.test(moved) ? scrapes : moved.startsWith("pitcrew_worker_age_seconds") ? OLDER_SECONDS : 0;
  const shown = more === 0 ? moved : `${moved.slice(0, moved.lastIndexOf(" "))} ${value + more}`;
  const name = /(worker|scope)="(?!host")([^"]+)"/.exec(shown);
  if (name === null) return [shown];
  return Array.from({ length: copies }, (_, index) => shown.replace(name[0], `${name[1]}="${name[2]}-${index + 1}"`));
}
