// The processes of one supervised worker, wherever they went: by descent, by their session, by the marker they inherited.
import { isAlive } from "../../worker/identify.ts";
import { type Incarnation, incarnationKey, sameIncarnation } from "../../worker/incarnation.ts";
import { treeOf } from "../../worker/process-tree.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { findUser } from "../../worker/users.ts";
import { knownWorker } from "./known-worker.ts";
import { withRemembered } from "./living-members.ts";

/** Everything that forbids a start: the remembered members, the recorded worker's tree, and all that carry its marker. */
export function processesOf(runDirectory: string, spec: WorkerSpec, remembered: readonly Incarnation[]): Incarnation[] {
  const record = knownWorker(runDirectory, spec.name);
  const found = treeOf(record?.incarnation, { ...sessionOf(record), marker: markerOf(runDirectory, spec) });
  return withRemembered(found, remembered);
}

/** What is left of `target`, and what a kill of it may hit: never a later incarnation, although it carries the same marker. */
export function treeOfTarget(
  runDirectory: string,
  spec: WorkerSpec,
  target: Incarnation,
  remembered: readonly Incarnation[],
): Incarnation[] {
  const record = knownWorker(runDirectory, spec.name);
  const isRecorded = sameIncarnation(record?.incarnation, target);
  if (record === undefined || isRecorded || !isAlive(record.incarnation)) {
    const session = isRecorded ? sessionOf(record) : { session: target.pid };
    const found = treeOf(target, { ...session, marker: markerOf(runDirectory, spec) });
    return withRemembered(found, remembered);
  }
  const successor = new Set(treeOf(record.incarnation, sessionOf(record)).map(incarnationKey));
  const own = withRemembered(treeOf(target), remembered);
  return own.filter((member) => !successor.has(incarnationKey(member)));
}

function sessionOf(record: { session: number } | undefined): { session?: number } {
  return record === undefined ? {} : { session: record.session };
}

function markerOf(runDirectory: string, spec: WorkerSpec) {
  const user = spec.manager.kind === "supervised" ? spec.manager.launch.user : undefined;
  const uid = user === undefined ? undefined : findUser(user)?.uid;
  return { worker: spec.name, runDirectory, ...(uid !== undefined && { uid }) };
}
