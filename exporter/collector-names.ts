// The collectors by name: each can be switched off by its own flag.

/** `worker`: what runs. The rest can be left to others, or left out. */
export const COLLECTOR_NAMES = ["worker", "cgroup", "brake", "system", "pressure"] as const;
export type CollectorName = (typeof COLLECTOR_NAMES)[number];

/** How the machine is looked at: `auto` is procfs where there is one. */
export const READERS = ["auto", "procfs", "portable"] as const;
export type Reader = (typeof READERS)[number];
