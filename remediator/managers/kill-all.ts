// SIGKILL to a whole tree, again and again until a fresh look finds nobody.
import { setTimeout as sleep } from "node:timers/promises";
import { type Incarnation, incarnationKey } from "../../worker/incarnation.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import type { SignalResult } from "./manager.ts";

const WITHIN_MS = 5000;
const BETWEEN_LOOKS_MS = 15;
const FREEZE_MS = 250;

/**
 * Stops the members before it kills them: what is stopped cannot fork, so a tree that multiplies faster than we look
 * runs out of processes to multiply. Stopping and killing happen in one go, so nothing is left stopped.
 * @param look finds the members that live now.
 */
export async function killAll(look: () => readonly Incarnation[], withinMs = WITHIN_MS): Promise<SignalResult> {
  const deadline = performance.now() + withinMs;
  let isSent = false;
  // A process in the middle of an exec shows no environment, so one look that finds nobody proves nothing.
  let isConfirmed = false;
  for (;;) {
    const members = frozen(look);
    if (members.length === 0) {
      if (isConfirmed) return isSent ? { kind: "sent" } : { kind: "gone" };
      isConfirmed = true;
      await sleep(BETWEEN_LOOKS_MS);
      continue;
    }
    isConfirmed = false;
    const refusals: string[] = [];
    for (const member of members) {
      const outcome = signalIncarnation(member, "SIGKILL");
      if (outcome.kind === "failed") refusals.push(outcome.message);
    }
    if (refusals.length === members.length) return { kind: "failed", message: refusals.join("; ") };
    if (isSent && performance.now() >= deadline) {
      const pids = members.map(({ pid }) => pid).join(", ");
      return { kind: "failed", message: `still alive ${withinMs / 1000} s after SIGKILL: ${pids}` };
    }
    isSent = true;
    await sleep(BETWEEN_LOOKS_MS);
  }
}

/** The members, once a look finds none that is not stopped yet. */
function frozen(look: () => readonly Incarnation[]): readonly Incarnation[] {
  const stopped = new Set<string>();
  const until = performance.now() + FREEZE_MS;
  for (;;) {
    const members = look();
    const fresh = members.filter((member) => !stopped.has(incarnationKey(member)));
    for (const member of fresh) {
      signalIncarnation(member, "SIGSTOP");
      stopped.add(incarnationKey(member));
    }
    if (fresh.length === 0 || performance.now() >= until) return members;
  }
}
