// The collectors that run: all of them, but for those that a flag switches off.
import type { CollectorName } from "../collector-names.ts";
import { brakeCollector } from "./brake.ts";
import { cgroupCollector } from "./cgroup.ts";
import type { Collector } from "./collector.ts";
import { pressureCollector } from "./pressure.ts";
import { systemCollector } from "./system.ts";
import { workerCollector } from "./worker.ts";

const ALL: readonly Collector[] = [
  workerCollector,
  cgroupCollector,
  brakeCollector,
  systemCollector,
  pressureCollector,
];

export function collectorsWithout(disabled: ReadonlySet<CollectorName>): readonly Collector[] {
  return ALL.filter(({ name }) => !disabled.has(name));
}
