// What the routes need of the remediator behind them.
import type { Log } from "../../daemon/log.ts";
import type { Engine } from "../incidents/engine.ts";
import type { Intake } from "../intake/intake.ts";
import type { StatusFacts } from "./views.ts";

export interface Served {
  engine: Engine;
  intake: Intake;
  log: Log;
  /** From the moment it stops: nothing is accepted any more. */
  readonly closing: boolean;
  countNotification(result: "accepted" | "nothing_to_do"): void;
  statusFacts(): StatusFacts;
}
