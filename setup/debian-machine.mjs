// A Debian with systemd for tests that need a real one: a tree made once by debootstrap and kept in the cache folder, and systemd-nspawn to
// boot it with. Both programs come from Debian's packages and are unpacked, not installed. Making and booting the tree takes root.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureTree } from "./debian-packages.mjs";
import { withLock } from "./lock.mjs";
import { cacheFolder } from "./place.mjs";
import { run, tail } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

const RELEASE = "bookworm";

/** Node's own needs are among them; logrotate and polkit are what an installation talks to. */
const FIRST = ["systemd", "systemd-sysv", "dbus", "libstdc++6"];
/** debootstrap cannot configure these itself. */
const AFTERWARDS = ["polkitd", "logrotate"];

/** Counts up when a tree would look different, so that no old one is taken for a good one. */
const LAYOUT = "1";

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
  const root = join(cache, "machine", `${RELEASE}-${LAYOUT}`);
  if (!existsSync(root)) {
    await withLock(
      cache,
      "making a Debian tree",
      async () => {
        if (!existsSync(root)) await makeTree(root, cache, say);
      },
      say,
    );
  }
  return { root, nspawn: join(nspawnTree, "usr/bin/systemd-nspawn"), libraries: librariesOf(nspawnTree) };
}

/** @param {string} tree */
function librariesOf(tree) {
  const libraries = join(tree, "usr/lib");
  const machine = readdirSync(libraries).find((name) => name.endsWith("-linux-gnu")) ?? "";
  return [join(libraries, machine, "systemd"), join(libraries, machine)].join(":");
}

/** The tree appears under its name only when it is whole. @param {string} root @param {string} cache @param {(line: string) => void} say */
async function makeTree(root, cache, say) {
  const programs = await ensureTree("debootstrap", { companions: ["libpsl5", "wget"], cache, say });
  say(`Making a Debian tree with systemd in ${root} (one to two minutes, once)`);
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const environment = {
    ...process.env,
    LC_ALL: "C",
    DEBIAN_FRONTEND: "noninteractive",
    DEBOOTSTRAP_DIR: join(programs, "usr/share/debootstrap"),
    // What is installed comes first: the unpacked wget is for machines without one.
    PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${join(programs, "usr/bin")}`,
  };
  const debootstrap = join(programs, "usr/sbin/debootstrap");
  const options = ["--variant=minbase", `--include=${FIRST.join(",")}`];
  await must("debootstrap", debootstrap, [...options, RELEASE, partial, ...(await mirror())], environment);
  const inside = { ...environment, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...AFTERWARDS];
  await must("apt-get in the tree", "chroot", [partial, ...install], inside);
  for (const waste of ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"])
    rmSync(join(partial, waste), { recursive: true, force: true });
  // A machine of its own each time it boots: no name, no resolver of this one.
  for (const file of ["etc/machine-id", "etc/resolv.conf"]) writeFileSync(join(partial, file), "");
  rmSync(join(partial, "etc/hostname"), { force: true });
  renameSync(partial, root);
}

/** Where this machine gets Debian from, if it is a Debian that knows; else debootstrap's own. @returns {Promise<string[]>} */
async function mirror() {
  const format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
  const { output } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const line = output.split("\n").find((line) => line.startsWith(`${RELEASE} main http`));
  const address = line?.split(" ")[2];
  return address === undefined ? [] : [address];
}

/** @param {string} what @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
async function must(what, command, args, env) {
  const { code, output } = await run(command, args, { env });
  if (code !== 0)
    throw new SetupError(
      `${tail(output)}\n${what} failed (exit ${code}): a Debian tree could not be made; check the network.`,
    );
}
