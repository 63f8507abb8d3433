// How long work had to wait for memory: pressure stall information.
import { type Collector, type Look, perHost } from "./collector.ts";

export const pressureCollector: Collector = {
  name: "pressure",
  collect(look) {
    const pressure = pressureOf(look);
    const read = pressure === "unreadable" ? undefined : pressure;
    return [
      perHost("pitcrew_system_memory_pressure_waiting_seconds_total", look, read?.waitingSeconds),
      perHost("pitcrew_system_memory_pressure_stalled_seconds_total", look, read?.stalledSeconds),
    ];
  },
  failure: (look) => (pressureOf(look) === "unreadable" ? "could not be read: pressure" : undefined),
};

function pressureOf({ observation }: Look) {
  return observation.system.details?.pressure;
}
