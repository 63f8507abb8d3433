// What a good configuration names and this machine does not have: `pitcrew check` says it before the first start or alert fails.
import type { Missing } from "../../config/check.ts";
import type { Config } from "../../config/config.ts";
import { tokenProblem } from "../../daemon/token.ts";
import { launchEnvironment } from "../../worker/launch-environment.ts";
import type { Launch, WorkerSpec } from "../../worker/spec.ts";
import { checkLaunch } from "../managers/launch-check.ts";
import { leftBehind, leftBehindText } from "../managers/left-behind.ts";

type Key = "command" | "start" | "stop_command";

export async function whatIsMissing(config: Config): Promise<readonly Missing[]> {
  const { credentialsFile: file } = config.remediator.webhook;
  const problem = file === undefined ? undefined : tokenProblem(file);
  const found: Missing[] = [];
  for (const spec of config.workers) {
    for (const [key, launch] of launchesOf(spec)) {
      // The others of its group would be told of in the same words.
      if (found.some(({ group, path }) => group === spec.group && path[0] === key)) continue;
      const message = await failureOf(spec, launch, config.runDirectory);
      if (message !== undefined) found.push({ group: spec.group, path: [key], message });
    }
  }
  if (problem !== undefined)
    found.push({
      path: ["remediator", "webhook", "credentials_file"],
      message: `${problem}: alerts by webhook are refused, the guard alone acts`,
    });
  for (const left of leftBehind(config)) found.push({ path: ["workers"], message: leftBehindText(left) });
  return found;
}

function launchesOf({ manager }: WorkerSpec): [Key, Launch][] {
  if (manager.kind === "supervised") return [["command", manager.launch]];
  if (manager.kind !== "command") return [];
  const { launch, stopCommand } = manager;
  return [["start", launch], ...(stopCommand === undefined ? [] : [stopOf(launch, stopCommand)])];
}

function stopOf(launch: Launch, argv: readonly string[]): [Key, Launch] {
  return ["stop_command", { ...launch, argv }];
}

/** Who may start it as another user is not asked here: `check` is often run by somebody else than pitcrew. */
async function failureOf(spec: WorkerSpec, launch: Launch, runDirectory: string): Promise<string | undefined> {
  const environment = launchEnvironment(spec, runDirectory, process.env);
  const check = await checkLaunch(spec, launch, environment.PATH);
  return check.kind === "failed" && check.code !== "EPERM" ? check.message : undefined;
}
