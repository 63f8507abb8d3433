// The journal's file: opened as if an enemy had placed it, replaced whole or not at all.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const MODE = 0o640;
/** With less than this the next record may not fit. */
const ROOM_BYTES = 16 * 1024;

/** Empty if there is none. @throws the file system's error; that of a link is ELOOP */
export function readWhole(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw cause;
  }
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Readable too, so that it can be rewritten even after somebody has taken its name away. */
export function openAppending(path: string): number {
  const fd = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, MODE);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw Object.assign(new Error("not a regular file"), { code: "EINVAL" });
}

/** All of an opened file, wherever its position is. */
export function readOpened(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let length = 0;
  for (let count = -1; count !== 0 && length < bytes.length; length += count)
    count = readSync(fd, bytes, length, bytes.length - length, length);
  return bytes.subarray(0, length);
}

/** Whether this name is still that file's. */
export function isAt(fd: number, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const opened = fstatSync(fd);
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev;
}

/** @throws what the next write would: EROFS, EACCES, ENOSPC */
export function hasRoom(path: string): void {
  accessSync(path, constants.W_OK);
  const { bavail, bfree, bsize } = statfsSync(dirname(path));
  const free = process.geteuid?.() === 0 ? bfree : bavail;
  if (free * bsize < ROOM_BYTES) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
}

/**
 * Another file, on the disk with its name, takes the place of the one at this path.
 * @returns its descriptor, opened for appending. @throws the file system's error; then the old one stays and nothing is left behind.
 */
export function replaceFile(path: string, bytes: Buffer): number {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, MODE);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
    renameSync(temporary, path);
  } catch (cause) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw cause;
  }
  syncDirectory(dirname(path));
  return fd;
}

/** A rename is on disk when its folder is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
