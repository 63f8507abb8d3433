import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBuildInfo } from "../../daemon/version.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("the version is the package's own", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(readBuildInfo().version).toBe(version);
  expect(readBuildInfo().nodeVersion).toBe(process.versions.node);
});

function packageWith(files: Record<string, unknown>): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, "dist", "daemon"), { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), JSON.stringify(content));
  return join(root, "dist", "daemon", "version.js");
}

test("the revision is what the build left beside the code, and the environment may name another", () => {
  const from = packageWith({ "package.json": { version: "1.2.3" }, "dist/build-info.json": { revision: "abc123" } });
  expect(readBuildInfo(from, {})).toMatchObject({ version: "1.2.3", revision: "abc123" });
  expect(readBuildInfo(from, { PITCREW_REVISION: "def456" })).toMatchObject({ revision: "def456" });
});

test("without a trace of it the revision is unknown", () => {
  expect(readBuildInfo(packageWith({ "package.json": { version: "1.2.3" } }), {})).toMatchObject({
    version: "1.2.3",
    revision: "unknown",
  });
});
