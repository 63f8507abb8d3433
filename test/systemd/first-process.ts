// Where the machine's own PID 1 is among the processes of this one.
import { readFileSync } from "node:fs";

/**
 * The machine's first process: unshare → sh → nspawn → it, and the first of its PID namespace, two deep. While nspawn prepares the
 * machine its child is another one.
 * @returns 0 if there is none (yet)
 */
export function firstProcess(pid: number): number {
  try {
    const leader = [1, 2, 3].reduce(onlyChild, pid);
    return /^NSpid:\t\d+\t\d+\t1$/m.test(readFileSync(`/proc/${leader}/status`, "utf8")) ? leader : 0;
  } catch {
    return 0;
  }
}

function onlyChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
}
