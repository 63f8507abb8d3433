// Limits that contradict each other.
import { formatSize } from "../units/size.ts";
import { type Check, entries } from "./check-context.ts";

export const checkLimits: Check = function* (draft) {
  for (const { entry, path } of entries(draft)) {
    const { memory, memory_relief: relief } = entry.limits ?? {};
    if (memory === undefined || relief === undefined || relief < memory) continue;
    const message = `relief at ${formatSize(relief)} comes too late for a renewal at ${formatSize(memory)}: write less than memory`;
    yield { path: [...path, "limits", "memory_relief"], message, part: "value" };
  }
  const { min_available_memory: min, critical_available_memory: critical } = draft.system ?? {};
  if (min !== undefined && critical !== undefined && critical >= min) {
    const message = `the critical floor of ${formatSize(critical)} is not below min_available_memory, ${formatSize(min)}: write less`;
    yield { path: ["system", "critical_available_memory"], message, part: "value" };
  }
};
