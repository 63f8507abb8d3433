// control.sock: how the commands on this machine reach the remediator. Who may open the file may give orders.
import { chmodSync, chownSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type express from "express";
import { findGroup } from "../../worker/users.ts";

export class ControlSocketError extends Error {
  readonly code = "control_socket";
}

/** Read and write for the owner and the group; to open a socket is to write to it. */
const MODE = 0o660;

/** Who may give orders on a machine with an installed pitcrew: systemd/settings/sysusers.conf makes it. */
export const OPERATORS = "pitcrew-operators";

/**
 * The socket's group is that of the run directory where somebody has chosen one (`chgrp ops /run/pitcrew`), else the operators', if there is
 * such a group. Our own is for reading what we write, and others are in it who must not give orders: the exporter.
 * @throws ControlSocketError when another remediator answers there, or the path cannot be used
 */
export async function openControlSocket(path: string, app: express.Application): Promise<{ close(): Promise<void> }> {
  if (await answers(path))
    throw new ControlSocketError(
      `another remediator answers at ${path}: stop it, or give this one a run_directory of its own`,
    );
  removeFormer(path);
  const server = createServer({ keepAliveTimeout: 1000 }, app);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(unusable(path, cause)));
    // Never open to everybody, not even before its chmod: the socket is made within this call.
    const umask = process.umask(0o777 & ~MODE);
    server.listen(path, resolve);
    process.umask(umask);
  });
  giveToGroup(path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

/** Only a socket that nobody answers is taken away: anything else was put there by somebody. */
function removeFormer(path: string): void {
  try {
    if (!lstatSync(path).isSocket())
      throw new ControlSocketError(`${path} is no socket: move it away, it is where the control socket belongs`);
    unlinkSync(path);
  } catch (cause) {
    if (cause instanceof ControlSocketError) throw cause;
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unusable(path, cause);
  }
}

function giveToGroup(path: string): void {
  try {
    const chosen = statSync(dirname(path)).gid;
    const gid = chosen === process.getegid?.() ? findGroup(OPERATORS) : chosen;
    if (gid !== undefined && lstatSync(path).gid !== gid) chownSync(path, -1, gid);
  } catch {
    // Not our group to give: ours stays.
  }
  chmodSync(path, MODE);
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
