// How much memory the system could still give: the host's figure, or the headroom of the control group that we live in if that is less.
import { parseMemoryLimit, parseMemoryStat } from "./proc/cgroup-memory.ts";
import { parseCount } from "./proc/counts.ts";
import { parseMeminfo } from "./proc/meminfo.ts";
import { isAbsent, readText, textOf } from "./proc/read-text.ts";
import { standingText } from "./proc/standing-text.ts";
import type { SystemReading } from "./reading.ts";

export interface Floors {
  minAvailableBytes: number | undefined;
  criticalAvailableBytes: number | undefined;
}

const GIBIBYTE = 1024 ** 3;

/** Configured floors win; by default the smaller of 2 GiB and 10 % of the total, and half of that floor. */
export function resolveFloors(configured: Floors, totalBytes: number | undefined): Floors {
  const byDefault = totalBytes === undefined ? undefined : Math.floor(Math.min(2 * GIBIBYTE, totalBytes / 10));
  const minAvailableBytes = configured.minAvailableBytes ?? byDefault;
  const half = minAvailableBytes === undefined ? undefined : Math.floor(minAvailableBytes / 2);
  return { minAvailableBytes, criticalAvailableBytes: configured.criticalAvailableBytes ?? half };
}

export function readSystem(configured: Floors, procRoot = "/proc", cgroupRoot = "/sys/fs/cgroup"): SystemReading {
  const host = parseMeminfo(standingText(`${procRoot}/meminfo`) ?? "");
  const group = readCgroupRoot(cgroupRoot);
  const memoryTotalBytes = group.kind === "limited" ? smaller(host.totalBytes, group.limitBytes) : host.totalBytes;
  const floors = resolveFloors(configured, memoryTotalBytes);
  return {
    memoryTotalBytes,
    memoryAvailableBytes: availableBytes(host.availableBytes, group),
    memoryAvailableMinBytes: floors.minAvailableBytes,
    memoryAvailableCriticalBytes: floors.criticalAvailableBytes,
  };
}

type CgroupRoot =
  | { kind: "unlimited" }
  /** `headroomBytes`: limit − (current − file cache); undefined if it could not be read. */
  | { kind: "limited"; limitBytes: number; headroomBytes: number | undefined }
  | { kind: "unreadable" };

/** The smaller of the two; undefined if either is unreadable, since the host's figure alone could be far too high. */
function availableBytes(hostBytes: number | undefined, group: CgroupRoot): number | undefined {
  switch (group.kind) {
    case "unlimited":
      return hostBytes;
    case "limited":
      return smaller(hostBytes, group.headroomBytes);
    case "unreadable":
      return undefined;
  }
}

/** In a container the root that we see is the container's own group; on a host the root has no limit, and in v2 no such file. */
function readCgroupRoot(cgroupRoot: string): CgroupRoot {
  const v2 = readGroup(cgroupRoot, "memory.max", "memory.current");
  return (
    v2 ?? readGroup(`${cgroupRoot}/memory`, "memory.limit_in_bytes", "memory.usage_in_bytes") ?? { kind: "unlimited" }
  );
}

function readGroup(directory: string, limitFile: string, currentFile: string): CgroupRoot | undefined {
  const limitPath = `${directory}/${limitFile}`;
  if (isAbsent(limitPath)) return undefined;
  const read = readText(limitPath);
  if (read.kind === "gone") return undefined;
  const limit = read.kind === "ok" ? parseMemoryLimit(read.text) : undefined;
  if (limit === undefined) return { kind: "unreadable" };
  if (limit === "unlimited") return { kind: "unlimited" };
  const current = parseCount(textOf(`${directory}/${currentFile}`)?.trim());
  const { fileCacheBytes } = parseMemoryStat(textOf(`${directory}/memory.stat`) ?? "");
  const headroom =
    current === undefined || fileCacheBytes === undefined ? undefined : limit - (current - fileCacheBytes);
  return {
    kind: "limited",
    limitBytes: limit,
    // The figures are read one after the other: their difference may stray over the edges.
    headroomBytes: headroom === undefined ? undefined : Math.min(limit, Math.max(0, headroom)),
  };
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}
