// Releases of pitcrew made of the installed one: newer, or with something wrong.
import { expect } from "vitest";
import type { Machine } from "../support/machine.ts";
import { DAEMONS, metricsThatShow, property } from "./installation.ts";

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

/** The daemons themselves say which version they are. */
export async function runsVersion(machine: Machine, version: string): Promise<void> {
  for (const daemon of DAEMONS) {
    await metricsThatShow(
      machine,
      new RegExp(`^pitcrew_\\w+_build_info\\{.*version="${version.replaceAll(".", "\\.")}"`, "m"),
      daemon,
    );
    expect(await property(machine, daemon, "ActiveState")).toBe("active");
  }
}
