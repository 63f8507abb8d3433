// /proc/<pid>/status: whose process it is.
import { parseCount } from "./counts.ts";

/**
 * Source: proc_pid_status(5), `Uid:` real, effective, saved, file system. The kernel escapes newlines in `Name:`.
 * @returns undefined if the line is absent or cut short.
 */
export function parseStatus(text: string): { effectiveUid: number } | undefined {
  const line = /^Uid:\t([0-9]+)\t([0-9]+)\t([0-9]+)\t([0-9]+)\n/m.exec(text);
  const effectiveUid = parseCount(line?.[2]);
  return effectiveUid === undefined ? undefined : { effectiveUid };
}
