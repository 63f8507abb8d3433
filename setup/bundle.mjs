// Puts the compiled program and the libraries it starts with into a few files: a start then opens five files instead of six hundred.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative } from "node:path";
import { SetupError } from "./setup-error.mjs";

/** Beside the compiled rooms, which stay: the brake is imported from there, and each bundled file still knows where it came from. */
const FOLDER = "program";

/**
 * Bundles what `bin` in package.json names; a project without it is left as it is.
 * @param {string} project @param {string} dist the compiled files, wherever they are at the moment
 * @throws {SetupError}
 */
export async function bundleProgram(project, dist) {
  /** @type {{bin?: Record<string, string>, dependencies?: Record<string, string>}} */
  const { bin = {} } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  for (const path of Object.values(bin)) {
    const entry = join(dist, basename(path));
    if (!existsSync(entry)) throw new SetupError(`package.json names ${path}, but the build did not make it.`);
    const [hashbang = ""] = readFileSync(entry, "utf8").split("\n");
    const plain = entry.replace(/\.js$/, ".plain.js");
    renameSync(entry, plain);
    await bundle(project, dist, plain);
    rmSync(plain);
    writeFileSync(entry, `${hashbang}\nimport "./${FOLDER}/${basename(path)}";\n`, { mode: 0o755 });
  }
}

/** @param {string} project @param {string} dist @param {string} entry */
async function bundle(project, dist, entry) {
  /** @type {typeof import("esbuild")} */
  const esbuild = createRequire(join(project, "package.json"))("esbuild");
  await esbuild.build({
    entryPoints: { [basename(entry, ".plain.js")]: entry },
    outdir: join(dist, FOLDER),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    // Native, or only for other systems: loaded from node_modules when they are asked for.
    external: ["bcrypt", "pidusage", "systeminformation"],
    // Libraries in CommonJS ask for Node's own modules.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    plugins: [{ name: "own address", setup: (build) => keepAddresses(build, dist) }],
    logLevel: "silent",
  });
}

/**
 * A file that finds others beside itself goes on to find them: its address is the one it had before.
 * @param {import("esbuild").PluginBuild} build @param {string} dist
 */
function keepAddresses(build, dist) {
  build.onLoad({ filter: /\.js$/ }, ({ path }) => {
    if (path.includes("/node_modules/")) return undefined;
    const text = readFileSync(path, "utf8");
    if (!text.includes("import.meta.url")) return undefined;
    const former = relative(join(dist, FOLDER), path);
    return { contents: text.replaceAll("import.meta.url", `new URL(${JSON.stringify(former)}, import.meta.url).href`) };
  });
}
