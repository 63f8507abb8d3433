// `pitcrew start|stop|restart|recycle|clear W`: gives the order to the remediator, and waits for its end if asked.
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import type { IncidentView } from "../api/views.ts";
import type { OperatorAction } from "../incidents/operator.ts";
import { ask, messageOf, operatorName, Unreachable } from "./client.ts";

export interface Order {
  config: Config;
  action: OperatorAction;
  worker: string;
  force: boolean;
  wait: boolean;
}

const WAIT_POLL_MS = 200;

export async function order({ config, action, worker, force, wait }: Order): Promise<number> {
  try {
    const path = `/api/v1/workers/${encodeURIComponent(worker)}/${action}`;
    const answer = await ask(config.runDirectory, "POST", path, { by: operatorName(), force });
    if (answer.status !== 202) {
      process.stderr.write(`pitcrew: ${messageOf(answer)}\n`);
      return 1;
    }
    const { incident } = answer.body as { incident: string | null };
    if (incident === null) {
      process.stdout.write(`${worker}: ${action}: nothing to do\n`);
      return 0;
    }
    process.stdout.write(`${worker}: ${action}: incident ${incident}\n`);
    return wait ? await waitForEnd(config, incident) : 0;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    process.stderr.write(`pitcrew: ${cause.message}; ${action} needs it\n`);
    return 1;
  }
}

/** Tells the story as it happens. Exit code 1 if it was held back or failed. */
async function waitForEnd(config: Config, id: string): Promise<number> {
  let told = 0;
  for (;;) {
    const answer = await ask(config.runDirectory, "GET", `/api/v1/incidents/${encodeURIComponent(id)}`);
    if (answer.status !== 200) {
      process.stderr.write(`pitcrew: ${messageOf(answer)}\n`);
      return 1;
    }
    const incident = answer.body as IncidentView;
    for (const line of incident.story.slice(told)) process.stdout.write(`  ${line.text}\n`);
    told = incident.story.length;
    if (!incident.open) return incident.state === "resolved" ? 0 : 1;
    if (incident.blocked !== null) {
      process.stderr.write(`pitcrew: held back (${incident.blocked})\n`);
      return 1;
    }
    await delay(WAIT_POLL_MS);
  }
}
