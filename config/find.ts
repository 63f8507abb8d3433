// Which configuration file is meant: the one that was named, else the first that exists of the usual two.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CONFIG_FILES } from "./defaults.ts";
import { ConfigError, fileProblem } from "./problem.ts";

/**
 * @param explicit `--config.file`; it need not exist, loading it says so.
 * @returns an absolute path.
 * @throws ConfigError `not_found`
 */
export function findConfigFile(
  explicit: string | undefined,
  cwd: string,
  candidates: readonly string[] = CONFIG_FILES,
): string {
  if (explicit !== undefined) return resolve(cwd, explicit);
  const files = candidates.map((candidate) => resolve(cwd, candidate));
  const file = files.find((candidate) => existsSync(candidate));
  if (file !== undefined) return file;
  const [first = "", ...others] = files;
  const nor = others.map((other) => `, nor does ${other}`).join("");
  const remedy = "write one with pitcrew init --match REGEX, or name one with --config.file FILE";
  throw new ConfigError("not_found", [fileProblem(first, `does not exist${nor}: ${remedy}`)]);
}
