// From the first byte of a webhook to the SIGTERM that it leads to, on an idle disk and on one that is written to without a pause.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { endOf } from "../measuring/children.ts";
import { type RunningSite, startSite } from "./site.ts";
import { eventsIn } from "./worker.ts";

const WORKERS = 8;
const LIMIT_MIB = 32;
/** A restart is verified before its process grows again: a worker that is over its limit sooner is renewed without an alert. */
const WAIT_SECONDS = 0.5;
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
    wait: [WAIT_SECONDS, WAIT_SECONDS] as const,
    limitMib: LIMIT_MIB,
    untilMib: LIMIT_MIB + 8,
  }));
  const site = await startSite({ folder, workers, limitMib: LIMIT_MIB, guard: "{when: never}", verifyFor: "200ms" });
  let busy: ChildProcess | undefined;
  try {
    const times: WebhookTimes = { toSignal: [], toAnswer: [] };
    for (let index = 0; index < alerts; index++) {
      const events = site.events[index % WORKERS] ?? "";
      // The restart before is over, and nobody grows: what is measured is the way of one alert.
      await until(() => site.events.every((file) => eventsIn(file).at(-1)?.what === "crossed"));
      await new Promise((resolve) => setTimeout(resolve, GAP_MS));
      if (isDiskBusy) busy ??= keepBusy(join(folder, "busy"));
      const { sent, answered } = await post(site, `w${(index % WORKERS) + 1}`);
      const pid = eventsIn(events).findLast(({ what }) => what === "crossed")?.pid;
      const signalOf = () => eventsIn(events).find((event) => event.what === "signal" && event.pid === pid);
      await until(() => signalOf() !== undefined);
      times.toAnswer.push(answered - sent);
      times.toSignal.push((signalOf()?.atMs ?? Number.NaN) - sent);
    }
    return times;
  } finally {
    if (busy !== undefined) await endOf(busy);
    await site.end();
  }
}

/** Over a connection that is there already, as Alertmanager's is. @returns when its first byte was sent and when the answer was there */
async function post(
  { remediatorPort, token }: RunningSite,
  worker: string,
): Promise<{ sent: number; answered: number }> {
  const body = payload(worker);
  const head = [
    "POST /api/v1/webhook HTTP/1.1",
    `Host: 127.0.0.1:${remediatorPort}`,
    "Content-Type: application/json",
    `Authorization: Bearer ${token}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  const socket = connect(remediatorPort, "127.0.0.1");
  await once(socket, "connect");
  const sent = now();
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  const answered = now();
  socket.destroy();
  const status = /^HTTP\/1\.1 ([0-9]+)/.exec(answer.toString("latin1"))?.[1];
  if (status !== "202") throw new Error(`the webhook was answered with ${status}`);
  return { sent, answered };
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
