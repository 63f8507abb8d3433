// What the cases have in common: workers of their own, alerts about them, and what is to be seen of both.
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { type AlertLiteral, isRunning, LEAKY, type Pitcrew, type Site, TOKEN } from "../support/pitcrew.ts";

/** Only webhooks speak. */
export const QUIET = "  guard: {when: never, interval: 200ms}";
export const GUARD = "  guard: {when: always, interval: 200ms}";

type Own = Omit<Site, "configFile">;

/** A supervised worker of test/support/leaky.py; `keys` are further lines of YAML. */
export function leaky(
  own: Own,
  name: string,
  { args = "", keys = [] }: { args?: string; keys?: readonly string[] } = {},
) {
  const words =
    args === ""
      ? ""
      : `, ${args
          .split(" ")
          .map((word) => `"${word}"`)
          .join(", ")}`;
  return [
    `  - name: ${name}`,
    `    command: [python3, ${LEAKY}, --events, ${own.events(name)}${words}]`,
    "    stop: {drain: 0s, grace: 5s}",
    ...keys.map((key) => `    ${key}`),
  ].join("\n");
}

/** It holds 60 MiB of the 50 that it may hold, and so does every fresh process of it. */
export function fat(own: Own, name: string, keys: readonly string[] = []): string {
  return leaky(own, name, { args: "--hold-mib 60", keys: ["limits: {memory: 50MiB}", ...keys] });
}

export function alert(
  worker: string,
  labels: Readonly<Record<string, string>> = {},
): AlertLiteral & { status: "firing" } {
  return {
    status: "firing",
    labels: {
      alertname: "PitcrewWorkerMemoryOverLimit",
      host: "test-host",
      worker,
      remediation: "restart",
      reason: "memory_limit",
      ...labels,
    },
  };
}

export function resolved(worker: string): AlertLiteral {
  return { ...alert(worker), status: "resolved" };
}

export async function isFat(pitcrew: Pitcrew, name: string): Promise<void> {
  await eventually(async () => ((await pitcrew.worker(name)).memory_bytes ?? 0) > 55 * 2 ** 20, {
    what: `${name} to be over its limit`,
    within: 60_000,
  });
}

export async function isUp(pitcrew: Pitcrew, name: string): Promise<number> {
  return await eventually(async () => (await pitcrew.worker(name)).pid ?? undefined, {
    what: `${name} to be up`,
    within: 60_000,
  });
}

export function count(site: Site, name: string, what: "start" | "term"): number {
  return eventsOf(site.events(name), what).length;
}

export async function started(site: Site, name: string, times: number): Promise<void> {
  await eventually(() => count(site, name, "start") >= times, {
    what: `${name} to be started ${times} times`,
    within: 60_000,
  });
}

export function living(site: Site, name: string): number[] {
  return eventsOf(site.events(name), "start")
    .map(({ pid }) => pid)
    .filter(isRunning);
}

/** The value of one series of /metrics; undefined if it is not there. */
export async function metric(pitcrew: Pitcrew, series: string): Promise<number | undefined> {
  const line = (await pitcrew.metrics()).split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Any request to the webhook; answers code and body. */
export async function post(pitcrew: Pitcrew, body: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`${pitcrew.remediatorUrl}api/v1/webhook`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}`, ...headers },
    body,
    redirect: "manual",
  });
  return { code: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
