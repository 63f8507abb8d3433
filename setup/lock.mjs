// Lets one process at a time set up this folder, so that `npm start` and `npm test` may run at once.
//
// The lock is a listening socket: the kernel lets go of it when its holder ends, however it ends, so no lock is ever stale. On Linux the
// socket has an abstract name; elsewhere a file is left behind by a holder that was killed, and is removed when nobody answers on it.
import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Runs `work` while no other process holds the lock of this name on this folder.
 * @template T
 * @param {string} folder created if it is missing
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {(line: string) => void} [say] told once if there is a wait
 * @returns {Promise<T>}
 */
export async function withLock(folder, name, work, say = () => {}) {
  mkdirSync(folder, { recursive: true });
  const address = lockAddress(realpathSync(folder), name);
  let told = false;
  for (;;) {
    const release = await acquire(address);
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!told) say(`Waiting for another process to finish the same: ${name}`);
    told = true;
    await released(address);
  }
}

/** @param {string} folder @param {string} name */
function lockAddress(folder, name) {
  const id = createHash("sha256").update(`${folder}\0${name}`).digest("hex").slice(0, 32);
  return process.platform === "linux" ? `\0pitcrew-setup-${id}` : join(tmpdir(), `pitcrew-setup-${id}`);
}

/**
 * @param {string} address
 * @returns {Promise<(() => Promise<void>) | undefined>} how to release it; undefined if somebody else holds it
 */
function acquire(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import("node:net").Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
    });
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(
        () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of waiting) socket.destroy();
          }),
      );
    });
  });
}

/**
 * Resolves when the present holder has let go: it never writes, so the connection's end is the news.
 * @param {string} address
 * @returns {Promise<void>}
 */
function released(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === "ECONNREFUSED" && !address.startsWith("\0")) rmSync(address, { force: true });
    });
    socket.on("close", () => resolve());
    socket.resume();
  });
}
