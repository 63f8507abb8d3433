// From the first byte of a webhook to the SIGTERM that it leads to, on an idle disk and on one that is written to without a pause.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { endOf } from "../measuring/dummies.ts";
import { type RunningSite, startSite } from "./site.ts";
import { eventsIn } from "./worker.ts";

const WORKERS = 8;
const LIMIT_MIB = 32;
/** The restart of one is over before the next is asked for: what is measured is the way of one alert. */
const GAP_MS = 300;

export interface WebhookTimes {
  /** Milliseconds, one per alert. */
  toSignal: number[];
  toAnswer: number[];
}

export async function webhookTimes(options: {
  folder: string;
  alerts: number;
  isDiskBusy: boolean;
}): Promise<WebhookTimes> {
  const { folder, alerts, isDiskBusy } = options;
  const workers = Array.from({ length: WORKERS }, (_, index) => ({
    name: `w${index + 1}`,
    wait: [1, 1] as const,
    limitMib: LIMIT_MIB,
    untilMib: LIMIT_MIB + 8,
  }));
  const site = await startSite({ folder, workers, limitMib: LIMIT_MIB, guard: "{when: never}", verifyFor: "200ms" });
  let busy: ChildProcess | undefined;
  try {
    const times: WebhookTimes = { toSignal: [], toAnswer: [] };
    for (let index = 0; index < alerts; index++) {
      const events = site.events[index % WORKERS] ?? "";
      await until(() => eventsIn(events).at(-1)?.what === "crossed");
      await new Promise((resolve) => setTimeout(resolve, GAP_MS));
      if (isDiskBusy) busy ??= keepBusy(join(folder, "busy"));
      const before = now();
      const answered = await post(site, `w${(index % WORKERS) + 1}`);
      const pid = eventsIn(events).findLast(({ what }) => what === "crossed")?.pid;
      const signalOf = () => eventsIn(events).find((event) => event.what === "signal" && event.pid === pid);
      await until(() => signalOf() !== undefined);
      times.toAnswer.push(answered - before);
      times.toSignal.push((signalOf()?.atMs ?? Number.NaN) - before);
    }
    return times;
  } finally {
    if (busy !== undefined) await endOf(busy);
    await site.end();
  }
}

/** @returns when the answer was there */
async function post({ remediatorPort, token }: RunningSite, worker: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${remediatorPort}/api/v1/webhook`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: payload(worker),
  });
  await answer.arrayBuffer();
  if (answer.status !== 202) throw new Error(`the webhook was answered with ${answer.status}`);
  return now();
}

/** As Alertmanager writes it, with one alert. */
function payload(worker: string): string {
  const labels = {
    alertname: "PitcrewWorkerMemoryOverLimit",
    group: worker,
    host: "bench",
    reason: "memory_limit",
    remediation: "restart",
    severity: "warning",
    worker,
  };
  const annotations = {
    summary: `${worker} on bench is over its memory limit`,
    runbook_url: "https://example.org/runbook",
  };
  return JSON.stringify({
    receiver: "remediator",
    status: "firing",
    alerts: [
      {
        status: "firing",
        labels,
        annotations,
        startsAt: new Date().toISOString(),
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://127.0.0.1:9090/graph",
        fingerprint: "0123456789abcdef",
      },
    ],
    groupLabels: { alertname: labels.alertname, host: "bench", worker },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: "http://127.0.0.1:9093",
    version: "4",
    groupKey: '{}/{remediation=~".+"}:{}',
    truncatedAlerts: 0,
  });
}

/** Writes and syncs the same 16 MiB again and again, on the disk that the journal is on. */
function keepBusy(file: string): ChildProcess {
  const script = `import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
block = os.urandom(1 << 20)
while True:
    os.lseek(file, 0, 0)
    for _ in range(16): os.write(file, block)
    os.fsync(file)`;
  return spawn("python3", ["-c", script, file], { stdio: ["ignore", "ignore", "inherit"] });
}

/** The worker tells its times on this clock. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 30_000; !condition(); ) {
    if (performance.now() > deadline) throw new Error("a worker did not do what it was to do within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
