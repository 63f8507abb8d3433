// A real Alertmanager outside of a test: a folder and a port of its own, ended by its pid.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinaries } from "../../setup/debian-packages.mjs";

export interface BenchAlertmanager {
  pid: number;
  post(alerts: readonly Readonly<Record<string, string>>[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startAlertmanagerForBench(configuration: string): Promise<BenchAlertmanager> {
  const { alertmanager } = await ensureBinaries(["alertmanager"]);
  const directory = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
  writeFileSync(join(directory, "alertmanager.yml"), configuration);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    alertmanager,
    [
      `--config.file=${join(directory, "alertmanager.yml")}`,
      `--storage.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { stdio: "ignore" },
  );
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  process.once("exit", () => child.kill("SIGKILL"));
  while (!(await fetch(`${url}/-/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error("Alertmanager ended before it was ready");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid: child.pid ?? 0,
    async post(alerts) {
      const endsAt = new Date(Date.now() + 240_000).toISOString();
      const answer = await fetch(`${url}/api/v2/alerts`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(alerts.map((labels) => ({ labels, endsAt }))),
      });
      if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}`);
    },
    async stop() {
      child.kill("SIGTERM");
      await gone;
      rmSync(directory, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
