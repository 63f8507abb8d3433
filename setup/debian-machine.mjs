// What boots a Debian with systemd as a container, for tests that need a real one: the tree and systemd-nspawn, which comes from Debian's
// package and is unpacked, not installed. Booting takes root.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureTree } from "./debian-packages.mjs";
import { ensureDebianTree } from "./debian-tree.mjs";
import { cacheFolder } from "./place.mjs";
import { SetupError } from "./setup-error.mjs";

/** What systemd-nspawn links to and a small installation may lack. */
const COMPANIONS = ["libsystemd-shared", "libapparmor1", "libip4tc2", "libkmod2", "libseccomp2"];

/**
 * @typedef {object} DebianMachine
 * @property {string} root the tree: mount something over it, it is everybody's
 * @property {string} nspawn absolute path of systemd-nspawn
 * @property {string} libraries its LD_LIBRARY_PATH
 */

/**
 * Quick and offline once the cache holds everything. Safe to call from several processes at once.
 * @param {{cache?: string, say?: (line: string) => void}} [options]
 * @returns {Promise<DebianMachine>}
 * @throws {SetupError}
 */
export async function ensureDebianMachine({ cache = cacheFolder(), say = console.log } = {}) {
  if (process.getuid?.() !== 0)
    throw new SetupError("Tests on a real systemd boot a container, which takes root: run them with sudo.");
  const nspawnTree = await ensureTree("systemd-container", { companions: COMPANIONS, cache, say });
  const root = await ensureDebianTree(cache, say);
  return { root, nspawn: join(nspawnTree, "usr/bin/systemd-nspawn"), libraries: librariesOf(nspawnTree) };
}

/** @param {string} tree */
function librariesOf(tree) {
  const libraries = join(tree, "usr/lib");
  const machine = readdirSync(libraries).find((name) => name.endsWith("-linux-gnu")) ?? "";
  return [join(libraries, machine, "systemd"), join(libraries, machine)].join(":");
}
