// Where the package lies: the compiled files lie one folder deeper than the sources, so neither may count on its own depth.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/** The nearest folder above this file that holds package.json. */
export function packageRoot(): string {
  if (found !== undefined) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.url}: pitcrew is not installed whole`);
    folder = parent;
  }
  found = folder;
  return folder;
}
