// What is published of the whole system beside its memory: swap, pressure, OOM kills.
import { parseMemoryLimit } from "./proc/cgroup-memory.ts";
import { parseCount } from "./proc/counts.ts";
import { parseMeminfo } from "./proc/meminfo.ts";
import { namedCount } from "./proc/named-counts.ts";
import { parsePressure } from "./proc/pressure.ts";
import { readText, textOf } from "./proc/read-text.ts";
import { standingText } from "./proc/standing-text.ts";
import type { SystemDetails } from "./reading.ts";

export function readSystemDetails(procRoot: string, cgroupRoot: string): SystemDetails {
  const host = parseMeminfo(standingText(`${procRoot}/meminfo`) ?? "");
  const { swapTotalBytes, swapFreeBytes } = withinGroup(host, cgroupRoot);
  return {
    isSwapUsed: host.swapTotalBytes === undefined || host.swapTotalBytes !== host.swapFreeBytes,
    swapTotalBytes,
    swapFreeBytes,
    pressure: readPressure(procRoot, cgroupRoot),
    oomKills: readOomKills(procRoot),
  };
}

/** Since boot, of the whole machine, those within control groups included; undefined before Linux 4.13. */
export function readOomKills(procRoot = "/proc"): number | undefined {
  const vmstat = standingText(`${procRoot}/vmstat`);
  return vmstat === undefined ? undefined : namedCount(vmstat, "oom_kill");
}

/** In a container the visible group's own; on a host with v2 its root's, which is the same as /proc's. */
function readPressure(procRoot: string, cgroupRoot: string): SystemDetails["pressure"] {
  const group = readText(`${cgroupRoot}/memory.pressure`);
  const read = group.kind === "ok" ? group : readText(`${procRoot}/pressure/memory`);
  if (read.kind === "ok") return parsePressure(read.text) ?? "unreadable";
  // Before 4.20 there is no such file; switched off (psi=0), there is one that cannot be opened.
  return read.kind === "gone" || read.code === "EOPNOTSUPP" ? undefined : "unreadable";
}

type Swap = Pick<SystemDetails, "swapTotalBytes" | "swapFreeBytes">;

/** The host's, or what the visible group may use of it if that is less (v2: v1 counts memory and swap together). */
function withinGroup(host: Swap, cgroupRoot: string): Swap {
  const text = textOf(`${cgroupRoot}/memory.swap.max`);
  const max = text === undefined ? "unlimited" : parseMemoryLimit(text);
  if (max === "unlimited") return host;
  const current = parseCount(textOf(`${cgroupRoot}/memory.swap.current`)?.trim());
  if (max === undefined || current === undefined || host.swapTotalBytes === undefined)
    return { swapTotalBytes: undefined, swapFreeBytes: undefined };
  const left = Math.max(0, max - current);
  return {
    swapTotalBytes: Math.min(host.swapTotalBytes, max),
    swapFreeBytes: host.swapFreeBytes === undefined ? undefined : Math.min(host.swapFreeBytes, left),
  };
}
