// `apt-get download` for anybody: with the system's package lists if they serve, else with lists of our own in the cache folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";

/** The message is apt's own last complaint. */
export class DownloadError extends Error {
  /** @override */
  name = "DownloadError";
}

const OPTIONS = [
  "-q",
  // As root, apt would drop to a user who may not write into a folder of ours.
  "-oAPT::Sandbox::User=root",
  "-oAcquire::Retries=2",
  "-oAcquire::http::Timeout=30",
  "-oAcquire::https::Timeout=30",
];

/**
 * Downloads these packages as .deb files, verified by apt.
 * @param {readonly string[]} packages
 * @param {string} folder where they go
 * @param {string} cache for the private lists
 * @throws {DownloadError}
 */
export async function download(packages, folder, cache) {
  const environment = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const first = await run("apt-get", [...OPTIONS, "download", ...packages], { cwd: folder, env: environment });
  if (first.code === 0) return;
  // A fresh machine has no lists, and old lists name files that the mirror has dropped. The system's own are not ours to update.
  const own = privateLists(join(cache, "apt"));
  const update = await run("apt-get", [...OPTIONS, ...own, "update"], { env: environment });
  const second = await run("apt-get", [...OPTIONS, ...own, "download", ...packages], { cwd: folder, env: environment });
  if (second.code !== 0) throw new DownloadError(complaint([first.output, update.output, second.output].join("\n")));
}

/** @param {string} folder */
function privateLists(folder) {
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  const configuration = join(folder, "apt.conf");
  // An update here is nobody else's news: the hooks of the system stay out of it.
  writeFileSync(
    configuration,
    "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n",
  );
  return [
    "-c",
    configuration,
    `-oDir::State::Lists=${join(folder, "lists")}`,
    `-oDir::Cache=${join(folder, "cache")}`,
    "-oDebug::NoLocking=1",
  ];
}

/** The line that tells most: what could not be fetched, else apt's last error. @param {string} output */
function complaint(output) {
  const lines = output.split("\n");
  const line =
    lines.find((line) => /^[EW]: Failed to fetch/.test(line)) ?? lines.filter((line) => line.startsWith("E:")).at(-1);
  return line?.slice(2).trim() ?? "apt-get gave no reason";
}
