// What the workers' emergency brakes wrote down.
import { actionableFamilies, type Collector, failedSources, perWorker } from "./collector.ts";

export const brakeCollector: Collector = {
  name: "brake",
  failure: (look) => failedSources(look, ["brake"]),
  collect: (look) => [
    perWorker("pitcrew_worker_brakes_total", look, ({ brake }) => brake?.brakesTotal),
    perWorker("pitcrew_worker_last_brake_timestamp_seconds", look, ({ brake }) => brake?.lastBrakeSeconds),
    ...actionableFamilies("brake", look),
  ],
};
