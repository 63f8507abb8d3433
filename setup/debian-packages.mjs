// Finds Prometheus, Alertmanager and their tools: on PATH, else in Debian's packages, unpacked into a cache folder. No root is needed and
// nothing is installed: `apt-get download` fetches and verifies, `dpkg -x` unpacks.
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { DownloadError, download } from "./apt.mjs";
import { withLock } from "./lock.mjs";
import { cacheFolder } from "./place.mjs";
import { run, tail } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {"prometheus" | "promtool" | "alertmanager" | "amtool" | "process-exporter" | "node-exporter" | "monit"} BinaryName */

/**
 * @typedef {object} Source
 * @property {readonly string[]} commands what the program may be called on PATH
 * @property {string} file in the package
 * @property {string} package
 */

/** @type {Readonly<Record<BinaryName, Source>>} */
const SOURCES = {
  prometheus: { commands: ["prometheus"], file: "usr/bin/prometheus", package: "prometheus" },
  promtool: { commands: ["promtool"], file: "usr/bin/promtool", package: "prometheus" },
  alertmanager: {
    commands: ["alertmanager", "prometheus-alertmanager"],
    file: "usr/bin/prometheus-alertmanager",
    package: "prometheus-alertmanager",
  },
  amtool: { commands: ["amtool"], file: "usr/bin/amtool", package: "prometheus-alertmanager" },
  "process-exporter": {
    commands: ["prometheus-process-exporter", "process-exporter"],
    file: "usr/bin/prometheus-process-exporter",
    package: "prometheus-process-exporter",
  },
  "node-exporter": {
    commands: ["prometheus-node-exporter", "node_exporter"],
    file: "usr/bin/prometheus-node-exporter",
    package: "prometheus-node-exporter",
  },
  monit: { commands: ["monit"], file: "usr/bin/monit", package: "monit" },
};

/** What else goes into a package's tree: the scripts of Prometheus' pages are packages of their own. @type {Readonly<Record<string, readonly string[]>>} */
const COMPANIONS = {
  prometheus: [
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
  ],
};

/** Debian builds these to read their templates and pages from /usr/share; without them Alertmanager does not even start. */
const FIXED_FOLDERS = ["/usr/share/prometheus/alertmanager", "/usr/share/prometheus/web"];

/** Counts up when an unpacked tree would look different, so that no old one is taken for a good one. */
const LAYOUT = "1";

/**
 * Absolute paths of these programs; quick and offline once they are in the cache. Safe to call from several processes at once.
 * @template {BinaryName} Name
 * @param {readonly Name[]} names
 * @param {{cache?: string, say?: (line: string) => void}} [options]
 * @returns {Promise<Record<Name, string>>}
 * @throws {SetupError} one sentence that says what to install or to repair
 */
export async function ensureBinaries(names, { cache = cacheFolder(), say = console.log } = {}) {
  const trees = treesIn(cache);
  const find = (/** @type {Name} */ name) => onPath(SOURCES[name].commands) ?? existing(unpacked(trees, name));
  const missing = new Set(names.filter((name) => find(name) === undefined).map((name) => SOURCES[name].package));
  for (const debian of missing) {
    if (onPath(["apt-get"]) === undefined || onPath(["dpkg"]) === undefined)
      throw new SetupError(cannotFetch(names, find));
    await ensureTree(debian, { companions: COMPANIONS[debian] ?? [], cache, say });
  }
  const found = names.map((name) => [name, find(name)]);
  const lost = found.find(([, program]) => program === undefined);
  if (lost)
    throw new SetupError(
      `Debian's package for ${lost[0]} does not hold that program: install it so that it is on PATH.`,
    );
  return Object.fromEntries(found);
}

/**
 * The folder into which a package and its companions are unpacked, as if it were the root of a file system.
 * @param {string} debian
 * @param {{companions?: readonly string[], cache?: string, say?: (line: string) => void}} [options]
 * @returns {Promise<string>}
 * @throws {SetupError}
 */
export async function ensureTree(debian, { companions = [], cache = cacheFolder(), say = console.log } = {}) {
  const tree = join(treesIn(cache), debian);
  if (existsSync(tree)) return tree;
  const unpackOnce = async () => {
    if (existsSync(tree)) return;
    say(`Fetching Debian's package ${debian} into ${treesIn(cache)} (nothing is installed)`);
    await unpackInto(tree, debian, companions, cache);
  };
  await guarded(debian, () => withLock(cache, `fetching ${debian}`, unpackOnce, say));
  return tree;
}

/** @param {string} cache */
function treesIn(cache) {
  return join(cache, "debian", LAYOUT);
}

/** @param {readonly BinaryName[]} names @param {(name: never) => string | undefined} find */
function cannotFetch(names, find) {
  const wanted = names.filter((name) => find(/** @type {never} */ (name)) === undefined);
  return (
    `${wanted.join(", ")}: not on PATH, and there is no apt-get here to fetch Debian's packages with; ` +
    `install Prometheus and Alertmanager (prometheus.io/download) so that ${wanted.length > 1 ? "these programs are" : "this program is"} on PATH.`
  );
}

/**
 * Turns what goes wrong on the way into one sentence.
 * @param {string} debian
 * @param {() => Promise<void>} work
 */
async function guarded(debian, work) {
  try {
    await work();
  } catch (error) {
    const remedy = `check the network, or install ${debian} so that its programs are on PATH.`;
    if (error instanceof DownloadError)
      throw new SetupError(`Debian's package ${debian} could not be downloaded (${error.message}): ${remedy}`);
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code === undefined) throw error;
    throw new SetupError(
      `Debian's package ${debian} could not be kept in the cache folder (${/** @type {Error} */ (error).message}).`,
    );
  }
}

/**
 * The tree appears under its name only when it is whole.
 * @param {string} tree @param {string} debian @param {readonly string[]} companions @param {string} cache
 */
async function unpackInto(tree, debian, companions, cache) {
  const partial = `${tree}.partial`;
  for (let attempt = 1; ; attempt++) {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(join(partial, "deb"), { recursive: true });
    await download([debian, ...companions], join(partial, "deb"), cache);
    const failure = await unpack(partial);
    if (failure === undefined) break;
    if (attempt === 2) throw new DownloadError(failure);
  }
  rmSync(join(partial, "deb"), { recursive: true });
  // Some packages bring a bin/ of their own.
  mkdirSync(join(partial, "bin"), { recursive: true });
  for (const source of Object.values(SOURCES)) {
    if (source.package === debian && existsSync(join(partial, source.file))) writeLauncher(partial, source.file);
  }
  renameSync(partial, tree);
}

/** @param {string} partial @returns {Promise<string | undefined>} what is wrong with a package: a torn download */
async function unpack(partial) {
  const archives = readdirSync(join(partial, "deb")).filter((name) => name.endsWith(".deb"));
  if (archives.length === 0) return "apt-get left no package";
  for (const archive of archives) {
    const { code, output } = await run("dpkg", ["-x", join(partial, "deb", archive), partial]);
    if (code !== 0) return tail(output, 1);
  }
  return undefined;
}

/**
 * Makes a program find its fixed folder in this tree: the folder's name in it becomes, at the same length, that of a descriptor which the
 * launcher opens. Everything else of the program stays as Debian built it.
 * @param {string} tree @param {string} file
 */
function writeLauncher(tree, file) {
  const program = join(tree, file);
  const bytes = readFileSync(program);
  const fixed = FIXED_FOLDERS.find((folder) => bytes.includes(folder) && existsSync(join(tree, folder)));
  if (fixed !== undefined) {
    const instead = Buffer.from("/proc/self/fd/9".padEnd(fixed.length, "/"));
    for (let at = bytes.indexOf(fixed); at !== -1; at = bytes.indexOf(fixed, at)) instead.copy(bytes, at);
    writeFileSync(program, bytes);
  }
  const open = fixed === undefined ? "" : `exec 9<"\${0%/*}/..${fixed}" || exit 1\n`;
  const launcher = join(tree, "bin", file.split("/").at(-1) ?? file);
  writeFileSync(launcher, `#!/bin/sh\n${open}exec "\${0%/*}/../${file}" "$@"\n`);
  chmodSync(launcher, 0o755);
}

/** @param {string} trees @param {BinaryName} name */
function unpacked(trees, name) {
  const source = SOURCES[name];
  return join(trees, source.package, "bin", source.file.split("/").at(-1) ?? "");
}

/** @param {readonly string[]} commands */
function onPath(commands) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return commands
    .flatMap((command) => folders.map((folder) => join(folder, command)))
    .find((file) => existing(file) !== undefined);
}

/** @param {string} file */
function existing(file) {
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}
