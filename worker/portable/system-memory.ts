// Memory of the whole machine, where there is no /proc: systeminformation, of which only what it has really read is believed.
import si from "systeminformation";

export interface PortableMemory {
  totalBytes: number | undefined;
  availableBytes: number | undefined;
}

export interface MemReport {
  total: number;
  free: number;
  available: number;
  buffcache: number;
}

/**
 * Where it cannot read what is available it silently answers with what is free, or, on a Linux without MemAvailable, with an estimate of its
 * own: an alarm would be raised by the one and missed by the other.
 */
export function believed({ total, free, available, buffcache }: MemReport, platform: NodeJS.Platform): PortableMemory {
  const isTotal = Number.isFinite(total) && total > 0;
  const isFallback = buffcache === 0 || (platform === "linux" ? available === free + buffcache : false);
  const isAvailable = Number.isFinite(available) && available > 0 && available <= total && !isFallback;
  return {
    totalBytes: isTotal ? total : undefined,
    availableBytes: isTotal && isAvailable ? available : undefined,
  };
}

export async function readPortableMemory(): Promise<PortableMemory> {
  return believed(await si.mem(), process.platform);
}
