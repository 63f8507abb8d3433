// Makes sure that dependencies are installed and the program is built; when nothing changed it only compares two hashes.
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, extname, join, relative } from "node:path";
import { bundleProgram } from "./bundle.mjs";
import { withLock } from "./lock.mjs";
import { cacheFolder, PROJECT } from "./place.mjs";
import { run, tail } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

/**
 * @typedef {object} Where
 * @property {string} [project] the folder that holds package.json
 * @property {(line: string) => void} [say]
 */

/**
 * `npm ci`, if node_modules is missing or was installed from another package-lock.json or for another Node.
 * @param {Where} [where]
 * @throws {SetupError}
 */
export async function ensureInstalled({ project = PROJECT, say = console.log } = {}) {
  const wanted = hashOf([
    `${process.platform} ${process.arch} ${process.versions.modules}`,
    readFileSync(join(project, "package-lock.json")),
  ]);
  const stamp = join(project, "node_modules", ".pitcrew-installed");
  const isInstalled = () => textOf(stamp) === wanted;
  if (isInstalled()) return;
  await withLock(
    join(project, ".cache"),
    "npm ci",
    async () => {
      if (isInstalled()) return;
      if (isComplete(project)) {
        writeFileSync(stamp, wanted);
        return;
      }
      const why = textOf(stamp) === undefined ? "dependencies are not installed yet" : "package-lock.json changed";
      say(`Installing dependencies (npm ci): ${why}`);
      const [command, ...first] = npm();
      const args = [...first, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
      const { code, output } = await run(command, args, { cwd: project, env: npmEnvironment(project) });
      // An npm that was interrupted may say that all is well.
      if (code !== 0 || !isComplete(project))
        throw new SetupError(
          `${tail(output)}\nnpm ci failed (exit ${code}): dependencies could not be installed in ${project}.`,
        );
      writeFileSync(stamp, wanted);
    },
    say,
  );
}

/**
 * Compiles to dist/ and copies what else the program reads at run time, if any source is not the one that dist/ was built from.
 * A build replaces dist/ as a whole when it has succeeded, so a failed one leaves the former in place.
 * @param {Where} [where]
 * @throws {SetupError}
 */
export async function ensureBuilt({ project = PROJECT, say = console.log } = {}) {
  const dist = join(project, "dist");
  const isBuilt = () => textOf(join(dist, ".built-from")) === hashOfSources(project);
  if (isBuilt()) return;
  await withLock(
    join(project, ".cache"),
    "build",
    async () => {
      if (isBuilt()) return;
      say(
        `Building dist/: ${textOf(join(dist, ".built-from")) === undefined ? "there is no build yet" : "sources changed"}`,
      );
      const builtFrom = hashOfSources(project);
      const next = join(project, ".cache", "dist.next");
      const former = join(project, ".cache", "dist.former");
      for (const folder of [next, former]) rmSync(folder, { recursive: true, force: true });
      const tsc = join(project, "node_modules", "typescript", "bin", "tsc");
      const { code, output } = await run(process.execPath, [tsc, "-p", "tsconfig.json", "--outDir", next], {
        cwd: project,
      });
      if (code !== 0) throw new SetupError(`${tail(output)}\nThe build failed: tsc reports the errors above.`);
      for (const file of sources(project).filter(isAsset)) {
        mkdirSync(dirname(join(next, file)), { recursive: true });
        cpSync(join(project, file), join(next, file));
      }
      await bundleProgram(project, next);
      writeFileSync(join(next, ".built-from"), builtFrom);
      if (textOf(join(dist, ".built-from")) === undefined) rmSync(dist, { recursive: true, force: true });
      else renameSync(dist, former);
      renameSync(next, dist);
      rmSync(former, { recursive: true, force: true });
    },
    say,
  );
}

/**
 * Whether all that package-lock.json names is there, whoever installed it: npm leaves a copy of the lock file when it has finished, and takes
 * the packages away one by one when it begins anew.
 * @param {string} project
 */
function isComplete(project) {
  const installed = textOf(join(project, "node_modules", ".package-lock.json"));
  if (installed === undefined) return false;
  const wanted = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")).packages;
  const found = JSON.parse(installed).packages;
  return (
    Object.keys(found).every((path) => path in wanted) &&
    Object.entries(wanted).every(
      ([path, entry]) =>
        path === "" ||
        (path in found
          ? found[path].integrity === entry.integrity && existsSync(join(project, path))
          : entry.optional === true),
    )
  );
}

/** The npm that started us, else the one on PATH. @returns {[string, ...string[]]} */
function npm() {
  const script = process.env.npm_execpath;
  return script?.endsWith("npm-cli.js") ? [process.execPath, script] : ["npm"];
}

/** A user without a home of its own (`nobody`) has no place for npm's cache. @param {string} project */
function npmEnvironment(project) {
  try {
    accessSync(homedir(), constants.W_OK);
    return process.env;
  } catch {
    return { ...process.env, npm_config_cache: join(cacheFolder(project), "npm") };
  }
}

/** @param {string} project */
function hashOfSources(project) {
  const files = ["tsconfig.json", "package.json", "package-lock.json", ...sources(project)];
  return hashOf(files.flatMap((file) => [file, readFileSync(join(project, file))]));
}

/** Every file in the folders that tsconfig.json compiles, and the TypeScript files at the root: paths relative to the project. @param {string} project */
function sources(project) {
  /** @type {{include: string[]}} */
  const { include } = JSON.parse(readFileSync(join(project, "tsconfig.json"), "utf8"));
  const atRoot = readdirSync(project).filter((name) => name.endsWith(".ts") && !name.endsWith(".config.ts"));
  const inRooms = include
    .filter((entry) => !entry.includes("*"))
    .flatMap((room) => readdirSync(join(project, room), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => relative(project, join(entry.parentPath, entry.name)));
  return [...atRoot, ...inRooms].sort((a, b) => (a < b ? -1 : 1));
}

/** What is not compiled and not for readers only: shell scripts, templates, schemas. @param {string} file */
function isAsset(file) {
  return ![".ts", ".md"].includes(extname(file));
}

/** @param {readonly (string | Uint8Array)[]} parts */
function hashOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest("hex");
}

/** @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
