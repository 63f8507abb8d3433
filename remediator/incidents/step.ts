// Steps are data: `decide` returns one, the executor table (execute.ts) carries it out.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { ActionKind, ActionOutcome, Doubt, EndState } from "./incident.ts";
import type { Intent } from "./intent.ts";
import type { SuppressReason } from "./reason.ts";

export type Step =
  /** Nothing to do before `until` (monotonic seconds) or the next event. */
  | { kind: "wait"; until: number; blocked?: SuppressReason; because?: string }
  | { kind: "drain"; deadline: number; because: string }
  | { kind: "relieve"; deadline: number; because: string }
  /** The gentle stop; SIGKILL at the deadline. */
  | { kind: "terminate"; target: Incarnation; graceSeconds: number; because: string }
  | { kind: "kill"; target: Incarnation; deadline: number; because: string }
  /** The old tree is gone: whether a new one may start is the next question. */
  | { kind: "hold"; because: string; outcome?: { action: ActionKind; outcome: ActionOutcome } }
  | { kind: "start"; because: string }
  | { kind: "quarantine"; because: string }
  /** What was renewed is as bad as before: this incident ends as ineffective and another one begins. */
  | { kind: "renew"; intent: Intent }
  /** What another alert said of it is not so, or can wait. */
  | { kind: "dismiss"; doubt: Doubt; suppressed: "not_reproduced" | "duplicate"; because: string }
  | { kind: "verify"; deadline: number; because: string }
  | {
      kind: "close";
      state: EndState;
      because: string;
      suppressed?: SuppressReason;
      outcome?: { action: ActionKind; outcome: ActionOutcome };
    };
