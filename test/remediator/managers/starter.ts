// A remediator that dies at the worst moment: starts a worker and kills itself as soon as its shim has been spawned.
import { readFileSync } from "node:fs";
import { createSupervisedManager } from "../../../remediator/managers/supervised.ts";
import { workerSpec } from "./bench-spec.ts";

const [runDirectory, logDirectory, startId] = process.argv.slice(2);
if (runDirectory === undefined || logDirectory === undefined || startId === undefined) throw new Error("usage");

const spec = workerSpec({
  kind: "supervised",
  launch: { argv: ["sleep", "300"], directory: "/", environment: {} },
  restart: "never",
});
void createSupervisedManager({ runDirectory, logDirectory }).start(spec, startId);

/** A loader of TypeScript may have a child of its own. */
function isShim(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("shim.sh");
  } catch {
    return false;
  }
}

function dieOnceSpawned(): void {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
  if (children.some(isShim)) process.kill(process.pid, "SIGKILL");
  else setImmediate(dieOnceSpawned);
}
dieOnceSpawned();
