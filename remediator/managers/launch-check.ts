// What can be known to fail before anything is spawned, said in the words of the configuration: the worker and the path.
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, resolve } from "node:path";
import type { Launch, WorkerSpec } from "../../worker/spec.ts";
import { type Account, findUser } from "../../worker/users.ts";
import type { StartResult } from "./manager.ts";

export type LaunchFailure = Extract<StartResult, { kind: "failed" }>;

export type LaunchCheck =
  | LaunchFailure
  /** `user` is undefined when no change of user is needed. */
  | { kind: "possible"; user: Account | undefined };

/** @param searchPath the PATH that the worker will have: a command without a slash is looked up there. */
export async function checkLaunch(
  spec: WorkerSpec,
  launch: Launch,
  searchPath: string | undefined,
): Promise<LaunchCheck> {
  const { name } = spec;
  const { argv, directory, user, environment } = launch;
  const [command] = argv;
  if (command === undefined || command === "") return failed("EINVAL", `${name}: its command is empty`);
  if (command.startsWith("-")) return failed("EINVAL", `${name}: a command cannot begin with a dash: ${command}`);
  if ([...argv, ...Object.values(environment)].some((text) => text.includes("\0")))
    return failed("EINVAL", `${name}: its command or environment holds a NUL`);

  const there = await kindOf(directory);
  if (there === "absent") return failed("ENOENT", `${name}: its directory ${directory} does not exist`);
  if (there !== "directory") return failed("ENOTDIR", `${name}: its directory ${directory} is not a directory`);

  const account = user === undefined ? undefined : findUser(user);
  if (user !== undefined && account === undefined) return failed("EINVAL", `${name}: there is no user ${user}`);
  const other = account !== undefined && account.uid !== process.geteuid?.() ? account : undefined;
  if (other !== undefined && process.geteuid?.() !== 0)
    return failed("EPERM", `${name}: only root can start it as ${user}; pitcrew does not run as root`);

  return (await missingCommand(name, command, directory, searchPath)) ?? { kind: "possible", user: other };
}

/** As execvp(3) will look for it: a path relative to the worker's directory, or a name along PATH. */
async function missingCommand(
  name: string,
  command: string,
  directory: string,
  searchPath: string | undefined,
): Promise<LaunchFailure | undefined> {
  if (command.includes("/")) {
    const path = isAbsolute(command) ? command : resolve(directory, command);
    switch (await executability(path)) {
      case "yes":
        return undefined;
      case "absent":
        return failed("ENOENT", `${name}: its command ${path} does not exist`);
      case "no":
        return failed("EACCES", `${name}: its command ${path} is not an executable file`);
    }
  }
  let denied: string | undefined;
  for (const folder of (searchPath ?? "").split(delimiter)) {
    const path = resolve(directory, folder, command);
    const found = await executability(path);
    if (found === "yes") return undefined;
    if (found === "no") denied ??= path;
  }
  if (denied !== undefined) return failed("EACCES", `${name}: its command ${denied} is not an executable file`);
  return failed("ENOENT", `${name}: its command ${command} is not in any folder of PATH (${searchPath ?? ""})`);
}

async function executability(path: string): Promise<"yes" | "no" | "absent"> {
  const kind = await kindOf(path);
  if (kind !== "file") return kind === "absent" ? "absent" : "no";
  return access(path, constants.X_OK).then(
    () => "yes" as const,
    () => "no" as const,
  );
}

async function kindOf(path: string): Promise<"file" | "directory" | "other" | "absent"> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "directory";
    return found.isFile() ? "file" : "other";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" || code === "ENOTDIR" ? "absent" : "other";
  }
}

function failed(code: string, message: string): LaunchFailure {
  return { kind: "failed", code, message };
}
