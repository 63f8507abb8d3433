// systemctl(1), never through a shell, never waiting for a password, and never for longer than it may take: D-Bus can hang.
import { execFile } from "node:child_process";
import type { UnitRef } from "../../../worker/unit.ts";
import { type Account, findUser } from "../../../worker/users.ts";
import { asUser } from "../spawn-detached.ts";

export type CommandResult =
  | { kind: "ok"; text: string }
  /** `message` is the program's own last words, or that it said nothing in time. */
  | { kind: "failed"; message: string };

/** @param user whose service manager is asked; undefined: the system's. */
export type Systemctl = (user: string | undefined, args: readonly string[]) => Promise<CommandResult>;

const TIMEOUT_MS = 5000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** A unit's name as systemd.unit(5) allows it, and of a service: never an option, a path or a pattern. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,246}\.service$/;

/** @throws TypeError for what is no service unit's name: the configuration should have refused it. */
export function unitArgument({ name }: UnitRef): string {
  if (!UNIT_NAME.test(name) || name.length > 255) throw new TypeError(`not a unit's name: ${JSON.stringify(name)}`);
  return name;
}

export function createSystemctl({ timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {}): Systemctl {
  return async (user, args) => {
    const options = ["--no-ask-password", "--no-pager"];
    if (user === undefined) return runCommand(["systemctl", ...options, ...args], {}, timeoutMs);
    const account = findUser(user);
    if (account === undefined) return { kind: "failed", message: `there is no user ${user}` };
    const own = process.geteuid?.();
    if (own !== account.uid && own !== 0)
      return { kind: "failed", message: `only ${user} itself and root reach the service manager of ${user}` };
    const argv = asUser(own === account.uid ? undefined : account, ["systemctl", "--user", ...options, ...args]);
    return runCommand(argv, userEnvironment(account), timeoutMs);
  };
}

/** Where a user's service manager listens: pam_systemd(8). */
function userEnvironment({ uid, home, name }: Account): NodeJS.ProcessEnv {
  const directory = `/run/user/${uid}`;
  return {
    HOME: home,
    USER: name,
    XDG_RUNTIME_DIR: directory,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${directory}/bus`,
  };
}

/** Runs a program in a plain environment, and settles in time, whatever the program and its children do. */
export function runCommand(
  [file, ...args]: readonly [file: string, ...args: string[]],
  environment: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, LC_ALL: "C", SYSTEMD_COLORS: "0", ...environment };
    const child = execFile(file, args, { env, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      clearTimeout(timer);
      if (error === null) resolve({ kind: "ok", text: stdout });
      else resolve({ kind: "failed", message: lastWords(stderr) ?? error.message });
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // A grandchild may hold the pipes for ever: who waits for their end, waits with it.
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve({ kind: "failed", message: `${file} did not answer within ${timeoutMs / 1000} s` });
    }, timeoutMs);
  });
}

function lastWords(stderr: string): string | undefined {
  const lines = stderr.trim().split("\n");
  return lines.at(-1) === "" ? undefined : lines.slice(-2).join("; ");
}
