// Where systemd's files are not what follows from pitcrew.yml, in the words of `pitcrew check`.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Config } from "../../config/config.ts";
import { createSystemctl } from "../managers/systemd/systemctl.ts";
import { type Plan, planUnits } from "./plan.ts";
import { UnitTextError } from "./quote.ts";
import { remediatorAccount } from "./remediator-account.ts";

const REMEDY = "sudo pitcrew units --dry-run shows it, sudo pitcrew units mends it";

/** Empty where systemd does not run, or nothing of it is a unit. */
export async function unitLines(config: Config): Promise<string[]> {
  if (!existsSync("/run/systemd/system")) return [];
  try {
    return driftLines(config, planUnits({ config, account: await remediatorAccount(createSystemctl()) }));
  } catch (cause) {
    if (!(cause instanceof UnitTextError)) throw cause;
    return [cause.message];
  }
}

export function driftLines({ workers }: Config, { changes, problems }: Plan): string[] {
  const supervised = workers.filter(({ manager }) => manager.kind === "supervised");
  const isNew = changes.every(({ kind, before }) => kind === "write" && before === undefined) && problems.length === 0;
  if (isNew && supervised.length > 0 && supervised.every(({ name }) => isMissing(name, changes)))
    return ["supervised workers run without units of systemd's: sudo pitcrew units gives each its own"];
  const lines = changes.map(({ kind, path, before }) => {
    const file = basename(path);
    if (kind === "remove") return `${file} belongs to no worker of pitcrew.yml any more`;
    return before === undefined ? `${file} is not there yet` : `${file} is not what follows from pitcrew.yml`;
  });
  const units = workers.some(({ manager }) => manager.kind === "supervised" || manager.kind === "systemd");
  if (changes.length > 0) lines.push(REMEDY);
  else if (units && problems.length === 0) lines.push("as pitcrew.yml wants them");
  return [...problems, ...lines];
}

function isMissing(worker: string, changes: Plan["changes"]): boolean {
  return changes.some(({ unit }) => unit === `pitcrew-worker-${worker}.service`);
}
