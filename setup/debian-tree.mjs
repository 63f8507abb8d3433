// A Debian with systemd as a tree of files, for tests that need a real one: made once by debootstrap and kept in the cache folder. debootstrap
// comes from Debian's package and is unpacked, not installed. Making the tree takes root.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureTree } from "./debian-packages.mjs";
import { withLock } from "./lock.mjs";
import { run, tail } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

const RELEASE = "bookworm";

/** Node's own needs are among them; logrotate and polkit are what an installation talks to. */
const FIRST = ["systemd", "systemd-sysv", "dbus", "libstdc++6"];
/** debootstrap cannot configure these itself. */
const AFTERWARDS = ["polkitd", "logrotate"];

/** Counts up when a tree would look different, so that no old one is taken for a good one. */
const LAYOUT = "1";

/** @typedef {(line: string) => void} Say */

/**
 * The root of the tree: mount something over it, it is everybody's. Quick and offline once it is there.
 * @param {string} cache @param {Say} say
 * @throws {SetupError}
 */
export async function ensureDebianTree(cache, say) {
  const root = join(cache, "machine", `${RELEASE}-${LAYOUT}`);
  await ensureFolder(root, "a Debian tree with systemd (one to two minutes, once)", cache, say, (partial) =>
    makeTree(partial, cache, say),
  );
  return root;
}

/**
 * A folder that appears under its name only when it is whole, made by one process at a time.
 * @param {string} folder @param {string} what @param {string} cache @param {Say} say
 * @param {(partial: string) => Promise<void>} make fills the empty folder that it is given
 */
export async function ensureFolder(folder, what, cache, say, make) {
  if (existsSync(folder)) return;
  const makeOnce = async () => {
    if (existsSync(folder)) return;
    say(`Making ${what} in ${folder}`);
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    await make(partial);
    renameSync(partial, folder);
  };
  await withLock(cache, `making ${folder}`, makeOnce, say);
}

/** @param {string} partial @param {string} cache @param {Say} say */
async function makeTree(partial, cache, say) {
  const programs = await ensureTree("debootstrap", { companions: ["libpsl5", "wget"], cache, say });
  const environment = {
    ...PLAIN,
    DEBOOTSTRAP_DIR: join(programs, "usr/share/debootstrap"),
    // What is installed comes first: the unpacked wget is for machines without one.
    PATH: `${PLAIN.PATH}:${join(programs, "usr/bin")}`,
  };
  const debootstrap = join(programs, "usr/sbin/debootstrap");
  const options = ["--variant=minbase", `--include=${FIRST.join(",")}`];
  await must("debootstrap", debootstrap, [...options, RELEASE, partial, ...(await mirror())], environment);
  await install(partial, AFTERWARDS);
}

/**
 * Installs Debian's packages into a tree that is not in use, and leaves no name and no resolver of this machine in it.
 * @param {string} root @param {readonly string[]} packages
 * @throws {SetupError}
 */
export async function install(root, packages) {
  if (existsSync("/etc/resolv.conf")) copyFileSync("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  await must("apt-get update in the tree", "chroot", [root, "apt-get", "update"]);
  const command = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  await must("apt-get install in the tree", "chroot", [root, ...command]);
  for (const waste of ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"])
    rmSync(join(root, waste), { recursive: true, force: true });
  // A machine of its own each time it boots: no name, no resolver of this one.
  for (const file of ["etc/machine-id", "etc/resolv.conf"]) writeFileSync(join(root, file), "");
  rmSync(join(root, "etc/hostname"), { force: true });
}

/** Where this machine gets Debian from, if it is a Debian that knows; else debootstrap's own. @returns {Promise<string[]>} */
async function mirror() {
  const format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
  const { output } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const line = output.split("\n").find((line) => line.startsWith(`${RELEASE} main http`));
  const address = line?.split(" ")[2];
  return address === undefined ? [] : [address];
}

/** What Debian's tools run with. */
const PLAIN = {
  ...process.env,
  LC_ALL: "C",
  DEBIAN_FRONTEND: "noninteractive",
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
};

/**
 * @param {string} what @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env]
 * @throws {SetupError}
 */
export async function must(what, command, args, env = PLAIN) {
  const { code, output } = await run(command, args, { env });
  if (code !== 0)
    throw new SetupError(
      `${tail(output)}\n${what} failed (exit ${code}): a Debian tree could not be made; check the network, and the room on the disk.`,
    );
}
