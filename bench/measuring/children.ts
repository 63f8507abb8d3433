// Programs that a benchmark starts end with it, also when it is interrupted.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const living = new Set<ChildProcess>();
let isWatched = false;

export function endWithUs<Child extends ChildProcess>(child: Child): Child {
  watchOurEnd();
  living.add(child);
  child.once("exit", () => living.delete(child));
  return child;
}

export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

function watchOurEnd(): void {
  if (isWatched) return;
  isWatched = true;
  process.once("exit", () => {
    for (const child of living) child.kill("SIGKILL");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
}
