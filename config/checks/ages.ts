// An age that can be kept: in the time in which every worker must be renewed once, there must be room for all the renewals.
import type { Found } from "../source/found.ts";
import type { Path } from "../source/source-document.ts";
import { formatDuration } from "../units/duration.ts";
import { type Check, type CheckContext, type DraftEntry, entries } from "./check-context.ts";

/** The renewals that one entry asks for. */
interface Demand {
  path: Path;
  count: number;
  ageSeconds: number;
  /** Of one renewal, at worst. */
  seconds: number;
  steps: string;
}

export const checkAges: Check = function* (draft, context) {
  const slots = draft.remediator?.max_concurrent;
  if (slots === undefined) return;
  const demands: Demand[] = [];
  for (const { entry, path } of entries(draft)) {
    const demand = demandOf(entry, path, context);
    if (demand !== undefined) demands.push(demand);
  }
  // Without a queue there is no renewal that waits for another: a worker's age counts from its own start.
  if (demands.reduce((sum, { count }) => sum + count, 0) <= slots) return;
  const alone = demands.filter((demand) => share(demand) > slots && demand.count > slots);
  for (const demand of alone) yield problem(demand, demand.count * demand.seconds, slots);
  const total = demands.reduce((sum, demand) => sum + share(demand), 0);
  const [worst] = demands.toSorted((a, b) => share(b) - share(a));
  if (alone.length > 0 || total <= slots || worst === undefined) return;
  yield {
    path: [...worst.path, "limits", "age"],
    message: `together with the other workers' ages, renewals would need ${Math.ceil(total)} slots at all times: raise the ages, or remediator.max_concurrent (now ${slots}) to ${Math.ceil(total)}`,
    part: "value",
  };
};

/** The slots that the entry keeps busy all the time. */
function share({ count, seconds, ageSeconds }: Demand): number {
  return (count * seconds) / ageSeconds;
}

function demandOf(entry: DraftEntry, path: Path, context: CheckContext): Demand | undefined {
  const { age } = entry.limits ?? {};
  const { drain, grace } = entry.stop ?? {};
  if (entry.manager === "observe" || age === undefined || drain === undefined || grace === undefined) return undefined;
  // The default drain is a bound for workers that handle a drain at all; one that is written says that this one does.
  const drains = context.isWritten([...path, "stop", "drain"]);
  return {
    path,
    count: entry.count ?? 1,
    ageSeconds: age,
    seconds: grace + (drains ? drain : 0),
    steps: `${drains ? `drain ${formatDuration(drain)}, ` : ""}grace ${formatDuration(grace)}`,
  };
}

function problem({ path, count, ageSeconds, steps }: Demand, neededSeconds: number, slots: number): Found {
  const takes = formatDuration(Math.ceil(neededSeconds / slots));
  return {
    path: [...path, "limits", "age"],
    message: `cannot be kept: renewing ${count} workers, ${slots} at a time (${steps}), takes up to ${takes}: raise age to ${takes}, or remediator.max_concurrent to ${Math.ceil(neededSeconds / ageSeconds)}`,
    part: "value",
  };
}
