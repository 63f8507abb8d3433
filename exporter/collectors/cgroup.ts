// What the kernel accounts to the control groups that workers have for themselves.
import { type Collector, failedSources, perWorker } from "./collector.ts";

export const cgroupCollector: Collector = {
  name: "cgroup",
  collect: (look) => [
    perWorker("pitcrew_worker_cgroup_memory_current_bytes", look, ({ tree }) => tree?.cgroupCurrentBytes),
    perWorker("pitcrew_worker_cgroup_memory_max_bytes", look, ({ tree }) => tree?.cgroupMaxBytes),
    perWorker("pitcrew_worker_oom_kills_total", look, ({ counters }) => counters?.oomKills),
  ],
  failure: (look) => failedSources(look, ["cgroup"]),
};
