// Who of a tree lives now: what is remembered of it, what it has become since, and nobody twice.
import { isAlive } from "../../worker/identify.ts";
import { type Incarnation, incarnationKey } from "../../worker/incarnation.ts";
import { treeOf } from "../../worker/process-tree.ts";

/** The living of `found`, those of `remembered` that it does not hold, and their descendants. */
export function withRemembered(found: readonly Incarnation[], remembered: readonly Incarnation[]): Incarnation[] {
  const members = new Map(found.map((member) => [incarnationKey(member), member]));
  for (const member of remembered) {
    if (members.has(incarnationKey(member)) || !isAlive(member)) continue;
    for (const descendant of treeOf(member)) members.set(incarnationKey(descendant), descendant);
  }
  return [...members.values()];
}
