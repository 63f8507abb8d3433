// The answer to "which process is this worker?".
import type { Incarnation } from "../incarnation.ts";
import type { ReadSource } from "../reading.ts";

export type Located =
  /** `session`, `group` (a directory): what holds this worker's processes and nobody else's. */
  | { kind: "found"; root: Incarnation; session: number | undefined; group?: string }
  | { kind: "down" }
  | { kind: "unknown"; source: ReadSource }
  | { kind: "ambiguous"; roots: number };
