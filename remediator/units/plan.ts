// Which files `pitcrew units` would write and remove: what follows from pitcrew.yml against what is there.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { errorCode } from "../../worker/proc/read-text.ts";
import { supervisedUnitName, UNIT_DIRECTORY } from "../../worker/unit.ts";
import { polkitRule, remembrance, workersPlaces } from "./companions.ts";
import type { RemediatorAccount } from "./remediator-account.ts";
import { MARKER, type UnitContext, WORKERS_SLICE, workerUnit } from "./worker-unit.ts";

export interface Change {
  kind: "write" | "remove";
  path: string;
  /** Undefined: it is not there yet. */
  before: string | undefined;
  /** Empty for a removal. */
  after: string;
  /** The worker's unit that it is, if it is one. */
  unit?: string;
}

export interface Plan {
  changes: readonly Change[];
  /** Why something of it cannot be done, with the remedy. */
  problems: readonly string[];
}

export interface PlanOptions {
  config: Config;
  /** Of the remediator. */
  account: RemediatorAccount;
  /** In front of every path; for tests. */
  root?: string;
}

const RULE = "/etc/polkit-1/rules.d/49-pitcrew.rules";
export const PLACES = "/etc/tmpfiles.d/pitcrew-workers.conf";
const REMEMBRANCE = `${UNIT_DIRECTORY}/${WORKERS_SLICE}.d/50-pitcrew-workers.conf`;
/** Not `pitcrew-worker@…`, the template for users' own. */
const WORKER_UNIT = /^pitcrew-worker-.*\.service$/;

/** A file that is there and that we may not read. */
const UNREADABLE = Symbol("unreadable");

/** @throws UnitTextError */
export function planUnits({ config, account, root = "" }: PlanOptions): Plan {
  const wanted = wantedFiles(config, account);
  const problems: string[] = [];
  const changes: Change[] = [];
  const reading = (path: string): string | typeof UNREADABLE | undefined => {
    try {
      return readFileSync(root + path, "utf8");
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      problems.push(`${path} cannot be read (${code}): run it as root`);
      return UNREADABLE;
    }
  };
  for (const [path, { text, unit }] of wanted) {
    const before = reading(path);
    if (before === UNREADABLE || before === text) continue;
    if (before !== undefined && !isOurs(before))
      problems.push(`${path} is not pitcrew's: move it away, or rename the worker`);
    else changes.push({ kind: "write", path, before, after: text, ...(unit !== undefined && { unit }) });
  }
  for (const path of installed(root)) {
    if (wanted.has(path)) continue;
    const before = reading(path);
    const unit =
      path.startsWith(UNIT_DIRECTORY) && path !== REMEMBRANCE ? path.slice(UNIT_DIRECTORY.length + 1) : undefined;
    if (before !== undefined && before !== UNREADABLE && isOurs(before))
      changes.push({ kind: "remove", path, before, after: "", ...(unit !== undefined && { unit }) });
  }
  return { changes, problems };
}

function wantedFiles(config: Config, account: RemediatorAccount): Map<string, { text: string; unit?: string }> {
  const context: UnitContext = { configFile: config.file, runDirectory: config.runDirectory, ...account };
  const files = new Map<string, { text: string; unit?: string }>();
  const supervised = config.workers.filter(({ manager }) => manager.kind === "supervised");
  for (const spec of supervised) {
    if (spec.manager.kind !== "supervised") continue;
    const unit = supervisedUnitName(spec.name);
    files.set(`${UNIT_DIRECTORY}/${unit}`, { text: workerUnit(spec, spec.manager.launch, context), unit });
  }
  const own = supervised.map(({ name }) => supervisedUnitName(name));
  const others = config.workers.flatMap(({ manager }) =>
    manager.kind === "systemd" && manager.user === undefined ? [manager.unit] : [],
  );
  if (own.length > 0) {
    files.set(REMEMBRANCE, { text: remembrance(own, context) });
    files.set(PLACES, { text: workersPlaces(supervised, context) });
  }
  // Root needs no rule.
  if (own.length + others.length > 0 && account.user !== "root")
    files.set(RULE, { text: polkitRule([...own, ...others], context) });
  return files;
}

/** What may be a former run's. */
function installed(root: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(root + UNIT_DIRECTORY).filter((name) => WORKER_UNIT.test(name));
  } catch {
    // No systemd here: nothing is installed.
  }
  return [...names.toSorted().map((name) => join(UNIT_DIRECTORY, name)), REMEMBRANCE, PLACES, RULE];
}

function isOurs(text: string): boolean {
  return text.slice(0, text.indexOf("\n")).includes(MARKER);
}
