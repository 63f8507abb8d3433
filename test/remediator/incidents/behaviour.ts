// How a process of the fake machine behaves.

export interface Behaviour {
  /** Mebibytes at birth, and more with each second. */
  memoryMib: number;
  growthMib: number;
  /** Seconds from SIGTERM to the end; undefined: it is ignored. */
  endsWithin: number | undefined;
  /** Not even SIGKILL ends it. */
  immortal: boolean;
  /** Seconds from birth to an end of its own, and the exit code; undefined: it runs on. */
  endsAfter: number | undefined;
  exitCode: number;
  /** A child that outlives its parent until it is killed. */
  hasChild: boolean;
  /** Seconds that the child outlives its parent, if it ends by itself. */
  childLingers: number | undefined;
  /** Seconds from a drain request to an end with 42; undefined: no such handle. */
  drainsWithin: number | undefined;
  /** Its own age limit; undefined: as configured. */
  maxAgeSeconds: number | undefined;
  relieves: boolean;
}

/** Holds half of its memory limit, runs on, and ends when it is told to. */
export const TAME: Behaviour = {
  memoryMib: 50,
  growthMib: 0,
  endsWithin: 0.2,
  immortal: false,
  endsAfter: undefined,
  exitCode: 0,
  hasChild: false,
  childLingers: undefined,
  drainsWithin: undefined,
  maxAgeSeconds: undefined,
  relieves: false,
};
