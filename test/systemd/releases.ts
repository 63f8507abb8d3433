// Releases of pitcrew made of the installed one: newer, or with something wrong.
import type { Machine } from "../support/machine.ts";

/** What is installed, unpacked as a release is: built, with its libraries, without sources. `change` is shell run in it. */
export async function release(machine: Machine, version: string, change: string): Promise<string> {
  const folder = `/root/release-${version}`;
  const named = `sed -i 's/"version": "[^"]*"/"version": "${version}"/' package.json`;
  await machine.must(
    `rm -rf ${folder} && cp -rL /opt/pitcrew/current ${folder} && cd ${folder} && ${named} && ${change}`,
  );
  return `bash ${folder}/systemd/install.sh`;
}

/** The command of a release, with something that goes wrong in front of it. */
export const instead = (lines: string) =>
  `printf '#!/usr/bin/env node\\n${lines}\\nawait import("./program/pitcrew.js");\\n' > dist/pitcrew.js`;
export const dies = (command: string) =>
  instead(`if (process.argv[2] === "${command}") { console.error("my last words"); process.exit(1); }`);
