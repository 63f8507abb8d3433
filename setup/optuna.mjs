// Optuna for tests: Debian's package, unpacked into the cache folder and found by Debian's own Python through its environment.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureTree } from "./debian-packages.mjs";

/** Debian's extension modules are built for Debian's Python, whatever `python3` is on PATH. */
export const DEBIAN_PYTHON = "/usr/bin/python3";

/** What it imports, and what that links to. */
const COMPANIONS = [
  "libblas3",
  "libgfortran5",
  "liblapack3",
  "libyaml-0-2",
  "python3-alembic",
  "python3-cmaes",
  "python3-colorlog",
  "python3-greenlet",
  "python3-importlib-metadata",
  "python3-mako",
  "python3-markupsafe",
  "python3-more-itertools",
  "python3-numpy",
  "python3-packaging",
  "python3-pkg-resources",
  "python3-sqlalchemy",
  "python3-tqdm",
  "python3-typing-extensions",
  "python3-yaml",
  "python3-zipp",
];

/**
 * What `DEBIAN_PYTHON` needs in its environment to import optuna.
 * @param {{cache?: string, say?: (line: string) => void}} [options]
 * @returns {Promise<{PYTHONPATH: string, LD_LIBRARY_PATH: string}>}
 * @throws {import("./setup-error.mjs").SetupError}
 */
export async function ensureOptuna(options) {
  const libraries = join(await ensureTree("python3-optuna", { ...options, companions: COMPANIONS }), "usr", "lib");
  const machine = readdirSync(libraries).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const native = join(libraries, machine);
  return {
    PYTHONPATH: join(libraries, "python3", "dist-packages"),
    // BLAS and LAPACK are alternatives on an installed system: here they are found in their own folders.
    LD_LIBRARY_PATH: [native, join(native, "blas"), join(native, "lapack")].join(":"),
  };
}
