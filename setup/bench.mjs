// npm run bench -- NAME: builds, then runs bench/NAME.mjs or .ts. Without a name it lists what there is.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { runEntry, SetupError } from "./setup-error.mjs";

const folder = join(PROJECT, "bench");
/** What a benchmark's files share lies in folders. */
const benches = new Map(
  readdirSync(folder)
    .filter((file) => [".mjs", ".ts"].includes(extname(file)))
    .map((file) => [file.slice(0, -extname(file).length), file]),
);
const [name, ...args] = process.argv.slice(2);
const file = benches.get(name ?? "");

await runEntry(async () => {
  if (file === undefined) throw new SetupError(`Which one? npm run bench -- ${[...benches.keys()].join(" | ")}`);
  await ensureInstalled();
  await ensureBuilt();
});
const { status } = spawnSync(process.execPath, ["--import", "tsx", join(folder, file ?? ""), ...args], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
