// What a new worker finds in its environment: its user's settings, its name, and nothing that was meant for pitcrew itself.
import type { WorkerSpec } from "./spec.ts";
import { type Account, findUser } from "./users.ts";

export const WORKER_VARIABLE = "PITCREW_WORKER";
export const RUN_DIRECTORY_VARIABLE = "PITCREW_RUN_DIRECTORY";
/** The brake's limit, unless the worker's own call sets one. */
const BRAKES_VARIABLE = "PITCREW_CONSECUTIVE_BRAKES";

/**
 * glibc keeps what a worker frees, in an arena per thread, for reuse: memory that a relief cannot give back. Two arenas, and blocks of 64 KiB
 * and more mapped one by one, return most of it. Only a default: what is set in our environment or in pitcrew.yml wins.
 */
const ALLOCATOR = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536" };

/** Service manager's messages to us, our own secrets, and what npm adds when it starts a script. */
function isOurs(name: string): boolean {
  return (
    name === "NOTIFY_SOCKET" ||
    name === "CREDENTIALS_DIRECTORY" ||
    name === "PITCREW_BRAKE_OWNER" ||
    name.startsWith("WATCHDOG_") ||
    name.startsWith("npm_")
  );
}

/**
 * `base` (ours) without what is ours alone, over defaults for its memory; then the account of the user that the worker runs as, if it is another one; then the configured
 * environment; then the two variables by which a worker finds its place, which nothing overrides.
 */
export function launchEnvironment(
  spec: WorkerSpec,
  runDirectory: string,
  base: NodeJS.ProcessEnv,
  lookUp: (user: string) => Account | undefined = findUser,
): NodeJS.ProcessEnv {
  const launch = "launch" in spec.manager ? spec.manager.launch : undefined;
  const account = launch?.user === undefined ? undefined : lookUp(launch.user);
  return {
    ...(spec.manager.kind === "supervised" ? ALLOCATOR : {}),
    ...Object.fromEntries(Object.entries(base).filter(([name]) => !isOurs(name))),
    [BRAKES_VARIABLE]: String(spec.limits.consecutiveBrakes),
    ...(account && { USER: account.name, LOGNAME: account.name, HOME: account.home }),
    ...launch?.environment,
    [WORKER_VARIABLE]: spec.name,
    [RUN_DIRECTORY_VARIABLE]: runDirectory,
  };
}
