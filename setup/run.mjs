// Runs a program to its end.
import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * @typedef {object} Ending
 * @property {number} code 128+n for a signal; 127 if the program could not be started
 * @property {string} output stdout and stderr as they came; empty when they were shown
 */

/** The terminal sends these to our children as well; a SIGTERM to us alone has to be passed on. */
const ENDING = /** @type {const} */ (["SIGINT", "SIGHUP", "SIGTERM"]);

/**
 * A signal that ends this process ends it when the program has ended: what that leaves half done must not meet the next one's work.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean}} [options] show: on our own terminal instead of in `output`
 * @returns {Promise<Ending>}
 */
export function run(command, args, { cwd, env, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
    });
    /** @type {NodeJS.Signals | undefined} */
    let ending;
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      ending ??= signal;
      if (signal === "SIGTERM") child.kill(signal);
    };
    for (const signal of ENDING) process.on(signal, onSignal);
    const finish = (/** @type {Ending} */ result) => {
      for (const signal of ENDING) process.off(signal, onSignal);
      // Without a listener it does what it is for.
      if (ending === undefined) resolve(result);
      else process.kill(process.pid, ending);
    };
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) => finish({ code: 127, output: error.message }));
    child.on("close", (code, signal) =>
      finish({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), output }),
    );
  });
}

/** The end of a program's output, for a message. @param {string} output @param {number} [lines] */
export function tail(output, lines = 20) {
  return output.trimEnd().split("\n").slice(-lines).join("\n");
}
