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
  const behind = (url: string) => Promise.all(names.map((host) => startHost(url, host, copies)));
  return { exporters: await behind(pitcrew.exporterUrl), remediators: await behind(pitcrew.remediatorUrl) };
}

async function startHost(source: string, host: string, copies: number): Promise<string> {
  let scrapes = 0;
  const server = createServer((_, response) => {
    scrapes += 1;
    void retold(source, host, copies, scrapes).then(
      (text) => response.setHeader("Content-Type", "text/plain; version=0.0.4").end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function retold(source: string, host: string, copies: number, scrapes: number): Promise<string> {
  const text = await (await fetch(new URL("metrics", source))).text();
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
