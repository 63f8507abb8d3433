// What the whole machine has left, and its floors.
import { actionableFamilies, type Collector, perHost } from "./collector.ts";

export const systemCollector: Collector = {
  name: "system",
  collect(look) {
    const { memoryTotalBytes, details } = look.observation.system;
    return [
      perHost("pitcrew_system_memory_total_bytes", look, memoryTotalBytes),
      ...actionableFamilies("system", look),
      perHost("pitcrew_system_swap_total_bytes", look, details?.swapTotalBytes),
      perHost("pitcrew_system_swap_free_bytes", look, details?.swapFreeBytes),
      perHost("pitcrew_system_oom_kills_total", look, details?.oomKills),
    ];
  },
  failure({ observation: { system } }) {
    if (system.memoryTotalBytes === undefined) return "could not be read: memory of the system";
    return system.memoryAvailableBytes === undefined ? "could not be read: available memory" : undefined;
  },
};
