// Runs in the virtual machine: what comes in through its serial port are lines of shell to run, what goes out is how they ended. One JSON
// object a line; several may be under way at once.
import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, openSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";

const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
};

// The kernel lets it be opened once.
const fd = openSync("/dev/virtio-ports/pitcrew", "r+");
const output = createWriteStream("", { fd });
const answer = (/** @type {object} */ message) => output.write(`${JSON.stringify(message)}\n`);

/** @param {{id: number, line: string, stdin: string, within: number}} request */
function run({ id, line, stdin, within }) {
  /** @type {import("node:child_process").SpawnOptionsWithStdioTuple<"pipe", "pipe", "pipe">} */
  const options = { env: ENVIRONMENT, stdio: ["pipe", "pipe", "pipe"], cwd: "/root", detached: true };
  const child = spawn("/bin/sh", ["-c", line], options);
  const said = { stdout: "", stderr: "" };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    // With all that it has started.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, within);
  for (const name of /** @type {const} */ (["stdout", "stderr"])) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  child.stdin.on("error", () => undefined).end(stdin);
  child.once("close", (code, signal) => {
    clearTimeout(timer);
    const ended = signal === null ? code : 128 + constants.signals[signal];
    answer({ id, code: late ? 124 : ended, ...said });
  });
}

answer({ up: true });
createInterface({ input: createReadStream("", { fd }) }).on("line", (line) => run(JSON.parse(line)));
