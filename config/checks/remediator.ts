// What the remediator is told about groups and ports must fit the workers and the exporter.
import type { Found } from "../source/found.ts";
import { nearest } from "../source/suggest.ts";
import { type Check, entries } from "./check-context.ts";

export const checkRemediator: Check = function* (draft) {
  yield* checkMinHealthy(draft);
  const exporter = draft.exporter?.listen;
  const remediator = draft.remediator?.listen;
  if (exporter?.port !== undefined && exporter.port !== 0 && exporter.port === remediator?.port) {
    if (exporter.host !== remediator.host && exporter.host !== "" && remediator.host !== "") return;
    const message = `the exporter listens on port ${exporter.port} already: write another port`;
    yield { path: ["remediator", "listen"], message, part: "value" };
  }
};

function* checkMinHealthy(draft: Parameters<Check>[0]): Generator<Found> {
  const counts = new Map<string, number>();
  for (const { entry } of entries(draft)) {
    if (entry.name !== undefined) counts.set(entry.name, entry.count ?? 1);
  }
  for (const [group, min] of Object.entries(draft.remediator?.min_healthy ?? {})) {
    const path = ["remediator", "min_healthy", group];
    const count = counts.get(group);
    if (count === undefined) {
      const suggestion = nearest(group, [...counts.keys()]);
      const known =
        suggestion === undefined ? `the groups are ${[...counts.keys()].join(", ")}` : `did you mean ${suggestion}?`;
      yield { path, message: `no worker has this name; ${known}`, part: "key" };
    } else if (min !== undefined && min >= count) {
      const message = `${min} of ${count} leave none that a planned renewal may take down: write at most ${count - 1}`;
      yield { path, message, part: "value" };
    }
  }
}
