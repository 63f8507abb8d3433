// Tells systemd (Type=notify) that we are ready, and then that we still live. Node has no datagram Unix socket, so systemd-notify speaks
// for us.
import { execFile } from "node:child_process";
import type { Log } from "./log.ts";

/** A busy machine is slow; a message that takes longer is given up, and the next one is tried. */
const PATIENCE_MS = 20_000;

/**
 * Does nothing unless a service manager waits for it. A failure is logged: systemd's own time-out then tells the rest. From then on its
 * watchdog (WatchdogSec=) is fed by a timer, that is, as long as the event loop turns.
 */
export async function notifyReady(log: Log, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return;
  // The parent's pid: the message is about us, not about the helper that carries it.
  const error = await notify(["--ready", `--pid=${process.pid}`], environment);
  if (error !== null) log.warn("could not tell systemd that we are ready", { err: error });
  feedWatchdog(log, environment);
}

/** Source: sd_watchdog_enabled(3). Three times as often as it asks, so that one lost message is none too many. */
function feedWatchdog(log: Log, environment: NodeJS.ProcessEnv): void {
  const { WATCHDOG_USEC: micros, WATCHDOG_PID: pid } = environment;
  const intervalMs = Number(micros) / 1000 / 3;
  if (!(intervalMs > 0) || (pid !== undefined && pid !== String(process.pid))) return;
  let underWay = false;
  const feed = async () => {
    if (underWay) return;
    underWay = true;
    const error = await notify(["WATCHDOG=1"], environment);
    underWay = false;
    if (error !== null) log.warn("could not feed systemd's watchdog", { err: error });
  };
  setInterval(() => void feed(), intervalMs).unref();
}

/** Without --no-block, which loses messages: systemd-notify ends when systemd has read it. */
function notify(message: readonly string[], environment: NodeJS.ProcessEnv): Promise<Error | null> {
  return new Promise((resolve) => {
    execFile("systemd-notify", message, { env: environment, timeout: PATIENCE_MS }, resolve);
  });
}
