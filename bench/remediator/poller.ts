// The floor of what a poller can do: one Node process that reads its child's memory, ends it above the limit and starts it again.
const PROGRAM = `
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
const [interval, limit, command, ...args] = process.argv.slice(1);
let child;
const start = () => {
  child = spawn(command, args, { stdio: "ignore" });
  child.once("exit", start);
};
start();
setInterval(() => {
  try {
    const pages = Number(readFileSync("/proc/" + child.pid + "/statm", "utf8").split(" ")[1]);
    if (pages * 4096 > Number(limit)) child.kill("SIGTERM");
  } catch {}
}, Number(interval));
process.once("SIGTERM", () => {
  child.removeAllListeners("exit");
  child.kill("SIGKILL");
  process.exit(0);
});`;

/** SIGTERM ends it and its child. */
export function pollerArgv(intervalMs: number, limitBytes: number, worker: readonly string[]): [string, ...string[]] {
  const numbers = [intervalMs, limitBytes].map(String);
  return [process.execPath, "--input-type=module", "-e", PROGRAM, "--", ...numbers, ...worker];
}
