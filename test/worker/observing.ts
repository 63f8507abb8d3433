import { onTestFinished } from "vitest";
import { writePidRecord } from "../../worker/files/pid-record.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { Observer } from "../../worker/observer.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

export const MIB = 1024 ** 2;
export const floors = { minAvailableBytes: undefined, criticalAvailableBytes: undefined };

/** @param isDetailed with all that the exporter publishes, as it looks */
export function observing(
  specs: readonly WorkerSpec[],
  runDirectory = temporaryDirectory(),
  { isDetailed = false } = {},
): Observer {
  const observer = new Observer({ host: "box", runDirectory, specs, floors, isDetailed });
  onTestFinished(() => observer.close());
  return observer;
}

export async function look(observer: Observer): Promise<WorkerReading> {
  const [reading] = (await observer.observe()).workers;
  if (reading === undefined) throw new Error("no worker is configured");
  return reading;
}

/** A pattern that only this test's process matches. */
export function tag(): string {
  return `pitcrew-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

export function record(runDirectory: string, incarnation: Incarnation, session = 0): void {
  writePidRecord(runDirectory, { version: 1, worker: "train-1", incarnation, session, startId: "s" });
}
