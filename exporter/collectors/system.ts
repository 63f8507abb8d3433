// What the whole machine has left, and its floors.
import { family } from "../family.ts";
import { actionableFamilies, type Collector } from "./collector.ts";

export const systemCollector: Collector = {
  name: "system",
  collect(look) {
    const { memoryTotalBytes } = look.observation.system;
    const total = memoryTotalBytes === undefined ? [] : [{ labels: look.hostLabels, value: memoryTotalBytes }];
    return [family("pitcrew_system_memory_total_bytes", total), ...actionableFamilies("system", look)];
  },
};
