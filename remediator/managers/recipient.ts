// Who of a worker's tree gets the signal that asks it to end.
import { readBrakeRecord } from "../../worker/files/brake-record.ts";
import { type Incarnation, sameIncarnation } from "../../worker/incarnation.ts";
import { treeOf } from "../../worker/process-tree.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { findUser } from "../../worker/users.ts";

/** The brake knows which process of a tree does the work; anything but the worker's own honest record leaves the root. */
export function recipientOf(runDirectory: string, spec: WorkerSpec, target: Incarnation): Incarnation {
  const read = readBrakeRecord(runDirectory, spec.name, ownersOf(spec));
  if (read.kind !== "ok") return target;
  const { incarnation } = read.value;
  const isMember = treeOf(target, { session: target.pid }).some((member) => sameIncarnation(member, incarnation));
  return isMember ? incarnation : target;
}

function ownersOf({ manager }: WorkerSpec): number[] {
  const user = "launch" in manager ? manager.launch.user : undefined;
  const worker = user === undefined ? undefined : findUser(user)?.uid;
  return [0, process.geteuid?.() ?? 0, ...(worker === undefined ? [] : [worker])];
}
