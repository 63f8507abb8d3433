// How the machine is looked at: through Linux' /proc, or, where there is none, through what every Unix has. Only the one that is used is loaded.
import { existsSync } from "node:fs";
import type { Reader } from "./collector-names.ts";
import type { ExporterDeps } from "./exporter.ts";

export class ReaderError extends Error {
  readonly code = "usage";
}

/** `auto`: procfs on Linux. @throws ReaderError */
export async function createObserverOf(reader: Reader): Promise<ExporterDeps["createObserver"]> {
  if (reader === "procfs" || (reader === "auto" && process.platform === "linux")) {
    if (!existsSync("/proc/self/stat"))
      throw new ReaderError("--collector.reader=procfs needs Linux' /proc: use portable, or auto");
    const { Observer } = await import("../worker/observer.ts");
    return (options) => new Observer({ ...options, isDetailed: true });
  }
  const { PortableObserver } = await import("../worker/portable/observer.ts");
  return (options) => new PortableObserver(options);
}
