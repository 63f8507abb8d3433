// Where the project is and where it may keep what it downloads. Plain JavaScript, like all of setup/: it runs before anything is installed.
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Downloads that are not npm's: inside the project, unless PITCREW_CACHE names a folder to share between clones. */
export function cacheFolder(project = PROJECT, environment = process.env) {
  const chosen = environment.PITCREW_CACHE;
  return chosen ? resolve(chosen) : join(project, ".cache");
}
