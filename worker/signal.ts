// The only way a signal leaves this program: to the incarnation that was meant, checked right before.
import { isAlive } from "./identify.ts";
import type { Incarnation } from "./incarnation.ts";
import { errorCode } from "./proc/read-text.ts";

export type SignalOutcome = { kind: "sent" } | { kind: "gone" } | { kind: "failed"; message: string };

/** Never signals pid 0 or below (process groups), pid 1, or ourselves, whatever a record says. */
export function signalIncarnation(target: Incarnation, signal: NodeJS.Signals, procRoot = "/proc"): SignalOutcome {
  const { pid } = target;
  if (!Number.isSafeInteger(pid) || pid <= 1)
    return { kind: "failed", message: `refusing to send ${signal} to pid ${pid}` };
  if (pid === process.pid) return { kind: "failed", message: `refusing to send ${signal} to pitcrew itself` };
  if (!isAlive(target, procRoot)) return { kind: "gone" };
  try {
    process.kill(pid, signal);
    return { kind: "sent" };
  } catch (error) {
    const code = errorCode(error);
    return code === "ESRCH" ? { kind: "gone" } : { kind: "failed", message: `kill(${pid}, ${signal}): ${code}` };
  }
}
