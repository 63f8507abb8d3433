// Workers that are measured and alerted on, never touched.
import type { Manager } from "./manager.ts";
import { createRefusingManager } from "./refusing.ts";

export function createObserveManager(): Manager {
  return createRefusingManager({
    code: "observed_only",
    message: (spec) => `${spec.name} is observed only: its manager is observe, so pitcrew neither stops nor starts it`,
  });
}
