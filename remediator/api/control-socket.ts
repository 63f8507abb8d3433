// control.sock: how the commands on this machine reach the remediator. Who may open the file may give orders.
import { chmodSync, unlinkSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import type express from "express";

export class ControlSocketError extends Error {
  readonly code = "control_socket";
}

/** @throws ControlSocketError when another remediator answers there, or the path cannot be used */
export async function openControlSocket(path: string, app: express.Application): Promise<{ close(): Promise<void> }> {
  if (await answers(path))
    throw new ControlSocketError(
      `another remediator answers at ${path}: stop it, or give this one a run_directory of its own`,
    );
  try {
    unlinkSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unusable(path, cause);
  }
  const server = createServer({ keepAliveTimeout: 1000 }, app);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(unusable(path, cause)));
    server.listen(path, resolve);
  });
  chmodSync(path, 0o660);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

function unusable(path: string, cause: unknown): ControlSocketError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new ControlSocketError(
    `the control socket ${path} cannot be made (${code}): check run_directory in pitcrew.yml`,
    { cause },
  );
}
