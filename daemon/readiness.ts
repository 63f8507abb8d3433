// Tells systemd (Type=notify) that we are ready. Node has no datagram Unix socket, so systemd-notify speaks for us.
import { execFile } from "node:child_process";
import type { Log } from "./log.ts";

/** Does nothing unless a service manager waits for it. A failure is logged: systemd's own time-out then tells the rest. */
export function notifyReady(log: Log, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return Promise.resolve();
  return new Promise((resolve) => {
    // The parent's pid: the message is about us, not about the helper that carries it.
    execFile("systemd-notify", ["--ready", `--pid=${process.pid}`], { env: environment, timeout: 5000 }, (error) => {
      if (error !== null) log.warn("could not tell systemd that we are ready", { err: error });
      resolve();
    });
  });
}
