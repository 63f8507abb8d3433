// `pitcrew units`: systemd's files for supervised workers, written from pitcrew.yml; nothing of a running worker is touched.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../../config/config.ts";
import { writeAtomically } from "../../worker/files/write-atomically.ts";
import { isAlive } from "../../worker/identify.ts";
import { supervisedUnitName } from "../../worker/unit.ts";
import { findUser } from "../../worker/users.ts";
import { knownWorker } from "../managers/known-worker.ts";
import { createSystemctl, runCommand, type Systemctl } from "../managers/systemd/systemctl.ts";
import { difference } from "../units/difference.ts";
import { type Change, PLACES, type Plan, planUnits } from "../units/plan.ts";
import { UnitTextError } from "../units/quote.ts";
import { REMEDIATOR_UNIT, remediatorAccount } from "../units/remediator-account.ts";

export interface UnitsCommand {
  config: Config;
  dryRun: boolean;
  /** `--user`; undefined: whom pitcrew-remediator.service runs as. */
  user: string | undefined;
  out?: (line: string) => void;
  err?: (line: string) => void;
}

const DAEMONS = ["pitcrew-exporter.service", REMEDIATOR_UNIT];

/** @returns the exit code: 1 if anything is not as pitcrew.yml wants it afterwards. */
export async function units(command: UnitsCommand): Promise<number> {
  const { config, dryRun } = command;
  const out = command.out ?? ((line: string) => process.stdout.write(`${line}\n`));
  const err = command.err ?? ((line: string) => process.stderr.write(`${line}\n`));
  if (!existsSync("/run/systemd/system")) {
    err("systemd does not run here: supervised workers are pitcrew's own to start, and need no units");
    return 1;
  }
  if (!dryRun && process.geteuid?.() !== 0) {
    err("units are written by root: sudo pitcrew units (--dry-run shows what it would do)");
    return 1;
  }
  // By name: polkit knows no other.
  const user = command.user === undefined ? undefined : findUser(command.user)?.name;
  if (command.user !== undefined && user === undefined) {
    err(`there is no user ${command.user} on this machine: --user names the one that the remediator runs as`);
    return 1;
  }
  const systemctl = createSystemctl();
  let plan: Plan;
  try {
    plan = planUnits({ config, account: await remediatorAccount(systemctl, user) });
  } catch (cause) {
    if (!(cause instanceof UnitTextError)) throw cause;
    err(cause.message);
    return 1;
  }
  for (const problem of plan.problems) err(problem);
  const { todo, left } = await sorted(plan.changes, config, systemctl);
  for (const line of left) err(line);
  if (dryRun) show(todo, out);
  else await apply(todo, systemctl, out, err);
  if (todo.length === 0 && left.length + plan.problems.length === 0) out("the units are as pitcrew.yml wants them");
  return left.length + plan.problems.length > 0 ? 1 : 0;
}

/** A unit is not taken from under a worker that runs, nor is a worker given a second owner. */
async function sorted(changes: readonly Change[], config: Config, systemctl: Systemctl) {
  const shims = new Map(
    config.workers.flatMap(({ name }) => {
      const known = knownWorker(config.runDirectory, name)?.incarnation;
      return known !== undefined && isAlive(known)
        ? [[supervisedUnitName(name), { name, pid: known.pid }] as const]
        : [];
    }),
  );
  const todo: Change[] = [];
  const left: string[] = [];
  for (const change of changes) {
    const { kind, unit, before } = change;
    const shim = unit === undefined ? undefined : shims.get(unit);
    if (kind === "write" && before === undefined && shim !== undefined)
      left.push(
        `${shim.name} runs without a unit (process ${shim.pid}), and stays as it is: pitcrew stop ${shim.name}, sudo pitcrew units, pitcrew start ${shim.name}`,
      );
    else if (kind === "remove" && unit !== undefined && (await runs(unit, systemctl)))
      left.push(`${unit} is not in pitcrew.yml any more, and runs: systemctl stop ${unit}, then run this again`);
    else todo.push(change);
  }
  return { todo, left };
}

async function runs(unit: string, systemctl: Systemctl): Promise<boolean> {
  const shown = await systemctl(undefined, ["show", "--property=MainPID", "--value", "--", unit]);
  // Who does not answer may run.
  return shown.kind === "failed" || shown.text.trim() !== "0";
}

function show(changes: readonly Change[], out: (line: string) => void): void {
  for (const { kind, path, before, after } of changes) {
    out(kind === "remove" ? `would remove ${path}` : `would ${before === undefined ? "write" : "change"} ${path}`);
    for (const line of difference(before ?? "", after)) out(`  ${line}`);
  }
}

async function apply(
  changes: readonly Change[],
  systemctl: Systemctl,
  out: (line: string) => void,
  err: (line: string) => void,
): Promise<void> {
  if (changes.length === 0) return;
  for (const { kind, path, before, after, unit } of changes) {
    if (kind === "remove") rmSync(path, { force: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeAtomically(path, after, { fsync: true });
    }
    const isRunning = kind === "write" && before !== undefined && unit !== undefined && (await runs(unit, systemctl));
    const effect = isRunning ? ` (${unit} runs: in force at its next start)` : "";
    out(`${kind === "remove" ? "removed" : before === undefined ? "written" : "changed"} ${path}${effect}`);
  }
  const said = (what: string, result: Awaited<ReturnType<Systemctl>>) => {
    if (result.kind === "failed") err(`${what}: ${result.message}`);
  };
  said("systemctl daemon-reload", await systemctl(undefined, ["daemon-reload"]));
  if (changes.some(({ path, kind }) => path === PLACES && kind === "write"))
    said("systemd-tmpfiles", await runCommand(["systemd-tmpfiles", "--create", PLACES], {}, 10_000));
  if (changes.some(({ path }) => path.endsWith(".rules")) && !existsSync("/usr/share/polkit-1"))
    err(
      "polkit is not installed: without it the remediator may not start or stop these units (Debian: apt install polkitd)",
    );
  await reloadDaemons(systemctl, out, err);
}

/** Who owns a worker is decided when the configuration is read. */
async function reloadDaemons(
  systemctl: Systemctl,
  out: (line: string) => void,
  err: (line: string) => void,
): Promise<void> {
  for (const daemon of DAEMONS) {
    if (!(await isActive(daemon, systemctl))) continue;
    const told = await systemctl(undefined, ["kill", "--kill-who=main", "--signal=SIGHUP", "--", daemon]);
    if (told.kind === "ok") out(`${daemon} reads its configuration again`);
    else err(`${daemon}: ${told.message}`);
  }
}

async function isActive(unit: string, systemctl: Systemctl): Promise<boolean> {
  const shown = await systemctl(undefined, ["show", "--property=ActiveState", "--value", "--", unit]);
  return shown.kind === "ok" && shown.text.trim() === "active";
}
