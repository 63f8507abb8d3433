// pitcrew's own command lines: a `match` that fits one of them would measure, and one day renew, pitcrew itself.
import { join, resolve } from "node:path";
import { packageRoot } from "./package-root.ts";

const COMMANDS = [
  ["up", "exporter", "remediator"],
  ["check", "status", "history", "units"],
  ["start", "stop", "restart", "recycle", "pause", "resume", "clear"],
].flat();

/** The commonest first: it is the one that a message shows. */
const LAUNCHERS = [
  "node /usr/lib/node_modules/pitcrew/dist/pitcrew.js",
  "node /usr/local/bin/pitcrew",
  "/usr/bin/node dist/pitcrew.js",
  "node --import tsx pitcrew.ts",
  "node setup/start.mjs",
  "npm start",
  "pitcrew",
];

/** @param file the configuration as it was named; its absolute path is tried as well. */
export function pitcrewCommandLines(file: string): string[] {
  const launchers = [...LAUNCHERS, `${process.execPath} ${join(packageRoot(), "dist", "pitcrew.js")}`];
  const lines: string[] = [];
  for (const command of COMMANDS) {
    for (const launcher of launchers) {
      for (const named of new Set([file, resolve(file)])) lines.push(`${launcher} ${command} --config.file ${named}`);
      lines.push(`${launcher} ${command}`);
    }
  }
  return lines;
}

/** The first of pitcrew's own command lines that the pattern fits. */
export function matchesPitcrew(pattern: RegExp, file: string): string | undefined {
  return pitcrewCommandLines(file).find((line) => pattern.test(line));
}
