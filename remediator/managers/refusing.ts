// A manager that touches nothing and says why: for workers that are only observed, and for owners that are not available.
import type { WorkerSpec } from "../../worker/spec.ts";
import type { Manager } from "./manager.ts";

export interface Refusal {
  /** Stable word for logs and metrics. */
  code: string;
  message: (spec: WorkerSpec) => string;
}

export function createRefusingManager({ code, message }: Refusal): Manager {
  const refused = (spec: WorkerSpec) => Promise.resolve({ kind: "failed" as const, message: message(spec) });
  return {
    start: (spec) => Promise.resolve({ kind: "failed", code, message: message(spec) }),
    terminate: refused,
    kill: refused,
    findStart: () => undefined,
    remains: () => [],
    exitOf: () => undefined,
  };
}
