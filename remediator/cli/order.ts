// `pitcrew start|stop|restart|recycle|clear W`: gives the order to the remediator, and waits for its end if asked.
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { printable } from "../../config/problem.ts";
import { type Hold, heldText } from "../api/holds.ts";
import type { IncidentView, WorkerView } from "../api/views.ts";
import type { OperatorAction } from "../incidents/operator.ts";
import { LEFT_BEHIND_GRACE_SECONDS, leftBehind } from "../managers/left-behind.ts";
import { ask, messageOf, operatorName, Unreachable } from "./client.ts";

export interface Order {
  config: Config;
  action: OperatorAction;
  worker: string;
  force: boolean;
  wait: boolean;
}

interface OrderAnswer {
  incident: string | null;
  left_behind?: number;
  /** Of `clear`: whether it was in quarantine, and what still holds automation back. */
  cleared?: boolean;
  held_back?: readonly Hold[];
}

const WAIT_POLL_MS = 200;

/** Held back by what passes by itself: others have their turn first. */
const PASSING: Readonly<Record<string, string>> = {
  slot_busy: "another worker is being stopped or started",
  min_healthy: "so many of its group must stay up",
};

export async function order({ config, action, worker, force, wait }: Order): Promise<number> {
  try {
    const path = `/api/v1/workers/${encodeURIComponent(worker)}/${action}`;
    const answer = await ask(config.runDirectory, "POST", path, { by: operatorName(), force });
    if (answer.status !== 202) {
      process.stderr.write(`pitcrew: ${messageOf(answer)}\n`);
      return 1;
    }
    const { incident, left_behind: left, ...cleared } = answer.body as OrderAnswer;
    if (left !== undefined) return await endOfLeftBehind(config, { worker, pid: left, wait });
    if (action === "clear") {
      process.stdout.write(
        `${worker}: clear: ${cleared.cleared === true ? "left quarantine" : "it was not in quarantine"}\n`,
      );
      for (const hold of cleared.held_back ?? []) process.stdout.write(`  still held back: ${heldText(hold)}\n`);
      return 0;
    }
    if (incident === null) {
      process.stdout.write(`${worker}: ${action}: nothing to do\n`);
      return 0;
    }
    process.stdout.write(`${worker}: ${action}: incident ${incident}\n`);
    return wait ? await waitForEnd(config, { action, worker, incident }) : 0;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    process.stderr.write(`pitcrew: ${cause.message}; ${action} needs it\n`);
    return 1;
  }
}

/** It is no longer configured: there is no incident to follow, only a process that ends. */
async function endOfLeftBehind(
  config: Config,
  { worker, pid, wait }: { worker: string; pid: number; wait: boolean },
): Promise<number> {
  process.stdout.write(
    `${worker}: stop: SIGTERM to pid ${pid}, which is no longer configured; SIGKILL in ${LEFT_BEHIND_GRACE_SECONDS} s\n`,
  );
  while (wait && leftBehind(config).some((left) => left.worker === worker && left.incarnation.pid === pid))
    await delay(WAIT_POLL_MS);
  return 0;
}

/** Tells the story as it happens. Exit code 1 if it was held back or failed. */
async function waitForEnd(
  config: Config,
  { action, worker, incident: id }: { action: OperatorAction; worker: string; incident: string },
): Promise<number> {
  let told = 0;
  let waitsFor: string | null = null;
  for (;;) {
    const answer = await ask(config.runDirectory, "GET", `/api/v1/incidents/${encodeURIComponent(id)}`);
    if (answer.status !== 200) {
      process.stderr.write(`pitcrew: ${messageOf(answer)}\n`);
      return 1;
    }
    const incident = answer.body as IncidentView;
    for (const line of incident.story.slice(told)) process.stdout.write(`  ${printable(line.text)}\n`);
    told = incident.story.length;
    if (!incident.open) return incident.state === "resolved" || (await isAsOrdered(config, action, worker)) ? 0 : 1;
    const { blocked } = incident;
    const passing = blocked === null ? undefined : PASSING[blocked];
    if (blocked !== null && passing === undefined) {
      process.stderr.write(
        `pitcrew: held back (${blocked}); the order is kept, pitcrew status tells what becomes of it\n`,
      );
      return 1;
    }
    if (blocked !== waitsFor && passing !== undefined) process.stdout.write(`  waiting: ${passing} (${blocked})\n`);
    waitsFor = blocked;
    await delay(WAIT_POLL_MS);
  }
}

/** An order may be fulfilled by another incident than its own: a stop that took the place of a start that was still to come. */
async function isAsOrdered(config: Config, action: OperatorAction, worker: string): Promise<boolean> {
  const answer = await ask(config.runDirectory, "GET", "/api/v1/workers");
  const { workers } = answer.body as { workers: readonly WorkerView[] };
  const found = workers.find((view) => view.worker === worker);
  if (found === undefined || found.incident !== null) return false;
  if (action === "stop") return found.state === "down" && found.desired === "down";
  return action === "start" && found.state === "up" && found.desired === "up";
}
