// What may happen to a machine, drawn at random: alerts, exits, orders, crashes, clocks, disks. Each deed is plain data, so that a failure
// shrinks to a few of them that one can read.
import fc from "fast-check";
import type { OperatorAction } from "../../../remediator/incidents/operator.ts";
import type { Behaviour } from "./behaviour.ts";

export const NAMES = ["a", "b", "cmd"] as const;
export type Name = (typeof NAMES)[number];

export const ALERTS = {
  PitcrewWorkerMemoryOverLimit: "restart",
  PitcrewWorkerMemoryOverRelief: "relieve",
  PitcrewWorkerTooOld: "recycle",
  PitcrewWorkerDown: "start",
  PitcrewSystemMemoryCritical: "restart_largest",
  NoSuchRule: "restart",
} as const;

export type Deed =
  | { do: "pass"; seconds: number }
  | { do: "leak"; worker: Name; memoryMib: number }
  | { do: "end"; worker: Name; code: number }
  | { do: "spawn by hand" }
  | { do: "alert"; alertname: keyof typeof ALERTS; worker: Name; copies: number; status: "firing" | "resolved" }
  | { do: "order"; action: OperatorAction; worker: Name; force: boolean }
  | { do: "pause"; worker: Name | "all"; seconds: number }
  | { do: "resume" }
  | { do: "behave"; worker: Name; next: Partial<Behaviour>; failingStarts: number; hiddenSeconds: number }
  | { do: "available"; mib: number }
  | { do: "set clock"; seconds: number }
  | { do: "disk"; full: boolean }
  /** Pitcrew dies at its next writes or acts, so many of them later. */
  | { do: "crash"; point: number; backAfterSeconds: number };

const anyName = fc.constantFrom(...NAMES);
const anyBehaviour: fc.Arbitrary<Partial<Behaviour>> = fc
  .record(
    {
      memoryMib: fc.constantFrom(50, 90, 150),
      growthMib: fc.constantFrom(0, 1),
      endsWithin: fc.constantFrom(0.01, 3, undefined),
      endsAfter: fc.constantFrom(undefined, 0.02, 5),
      exitCode: fc.constantFrom(0, 1, 42, 137),
      hasChild: fc.boolean(),
      childLingers: fc.constantFrom(undefined, 0.3, 2),
      drainsWithin: fc.constantFrom(undefined, 1, 900),
      relieves: fc.boolean(),
      maxAgeSeconds: fc.constantFrom(undefined, 8),
    },
    { requiredKeys: [] },
  )
  // Nobody can follow what leaves a child and is gone before it was seen.
  .map((drawn) => (drawn.hasChild === true && drawn.endsAfter === 0.02 ? { ...drawn, endsAfter: 5 } : drawn));

export const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(0.02, 0.1, 1, 4, 15) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("leak" as const),
      worker: anyName,
      memoryMib: fc.constantFrom(70, 150),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("end" as const), worker: anyName, code: fc.constantFrom(0, 1, 42, 137) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "spawn by hand" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("alert" as const),
      alertname: fc.constantFrom(...(Object.keys(ALERTS) as (keyof typeof ALERTS)[])),
      worker: anyName,
      copies: fc.constantFrom(1, 3),
      status: fc.constantFrom("firing" as const, "resolved" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("order" as const),
      action: fc.constantFrom(
        "start" as const,
        "stop" as const,
        "restart" as const,
        "recycle" as const,
        "clear" as const,
      ),
      worker: anyName,
      force: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pause" as const),
      worker: fc.constantFrom(...NAMES, "all" as const),
      seconds: fc.constantFrom(5, 60),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "resume" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("behave" as const),
      worker: anyName,
      next: anyBehaviour,
      failingStarts: fc.constantFrom(0, 0, 1, 3),
      hiddenSeconds: fc.constantFrom(0, 0, 0.2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("available" as const), mib: fc.constantFrom(300, 600, 4096) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("set clock" as const), seconds: fc.constantFrom(-3600, 3600) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disk" as const), full: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      point: fc.nat({ max: 12 }),
      backAfterSeconds: fc.constantFrom(0, 0.05, 3),
    }),
  },
);
