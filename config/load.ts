// pitcrew.yml → Config, or every problem of the file at once.
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { installedUnit } from "../worker/unit.ts";
import { checkAges } from "./checks/ages.ts";
import type { Check, CheckContext } from "./checks/check-context.ts";
import { checkCommands } from "./checks/commands.ts";
import { checkLimits } from "./checks/limits.ts";
import { checkLocators } from "./checks/locators.ts";
import { checkNames } from "./checks/names.ts";
import { checkRemediator } from "./checks/remediator.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./problem.ts";
import { productOf } from "./product.ts";
import { ConfigFile } from "./schema/file.ts";
import { inspect } from "./schema/inspect.ts";
import type { Found } from "./source/found.ts";
import { placed } from "./source/placed.ts";
import { readConfigFile } from "./source/read-config-file.ts";
import { readSource } from "./source/source-document.ts";

export interface LoadDeps {
  /** Root sees and stops everybody's processes, so more must be written. */
  isRoot: boolean;
  /** The `host` of a file that names none. */
  hostname: () => string;
  /** The systemd unit of a supervised worker, if it has one. */
  installedUnit: (worker: string) => string | undefined;
}

const CHECKS: readonly Check[] = [checkNames, checkCommands, checkLocators, checkLimits, checkAges, checkRemediator];
const ABSENT = "write it with pitcrew init --match REGEX, or name another with --config.file";

/** @throws ConfigError with all problems of the file, in the order of their lines. */
export function loadConfig(file: string, deps: Partial<LoadDeps> = {}): Config {
  const {
    isRoot = process.getuid?.() === 0,
    hostname: hostnameOf = hostname,
    installedUnit: unitOf = installedUnit,
  } = deps;
  const { text, problems } = readConfigFile(file, isRoot, ABSENT);
  const source = readSource(text);
  const { draft, whole, found: misread } = inspect(ConfigFile, source.value ?? undefined);
  const found: Found[] = [...misread];
  if (draft !== undefined) {
    const context: CheckContext = {
      file,
      isRoot,
      isWritten: (path) => source.isWritten(path),
      lineOf: (path) => source.position(path, "value").line,
    };
    for (const check of CHECKS) found.push(...check(draft, context));
  }
  problems.push(...placed(file, source, found));
  if (problems.length > 0 || whole === undefined) throw new ConfigError("invalid", problems);
  return productOf(whole, resolve(file), {
    folder: dirname(resolve(file)),
    hostname: hostnameOf(),
    installedUnit: unitOf,
  });
}
