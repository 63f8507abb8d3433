// A worker that leaves its pid in a file. The file is somebody else's: it may be a trap, stale, or half written.
import { readRegularFile, type StrictRead } from "../files/read-strictly.ts";
import { parseCount } from "../proc/counts.ts";

/** The number on the first line; some daemons write more below it. Pid 0 and 1 are nobody's worker. */
export function parsePidfile(text: string): number | undefined {
  const pid = parseCount(text.split("\n", 1)[0]?.trim());
  return pid !== undefined && pid > 1 ? pid : undefined;
}

/** Anyone may own it (services write theirs as root or as their own user); the process behind it is what is measured. */
export function readPidfile(path: string): StrictRead<number> {
  const file = readRegularFile(path);
  if (file.kind !== "ok") return file;
  const pid = parsePidfile(file.value);
  return pid === undefined ? { kind: "refused", why: "no pid on the first line" } : { kind: "ok", value: pid };
}
