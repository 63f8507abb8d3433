// What a new worker finds in its environment: its user's settings, its name, and nothing that was meant for pitcrew itself.
import type { WorkerSpec } from "./spec.ts";
import { type Account, findUser } from "./users.ts";

export const WORKER_VARIABLE = "PITCREW_WORKER";
export const RUN_DIRECTORY_VARIABLE = "PITCREW_RUN_DIRECTORY";

/** Service manager's messages to us, our own secrets, and what npm adds when it starts a script. */
function isOurs(name: string): boolean {
  return (
    name === "NOTIFY_SOCKET" ||
    name === "CREDENTIALS_DIRECTORY" ||
    name.startsWith("WATCHDOG_") ||
    name.startsWith("npm_")
  );
}

/**
 * `base` (ours) without what is ours alone; then the account of the user that the worker runs as, if it is another one; then the configured
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
    ...Object.fromEntries(Object.entries(base).filter(([name]) => !isOurs(name))),
    ...(account && { USER: account.name, LOGNAME: account.name, HOME: account.home }),
    ...launch?.environment,
    [WORKER_VARIABLE]: spec.name,
    [RUN_DIRECTORY_VARIABLE]: runDirectory,
  };
}
