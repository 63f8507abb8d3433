import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSupervisedManager } from "../../../remediator/managers/supervised.ts";
import { bench } from "./bench.ts";

describe("a start that cannot succeed names the worker and the path", () => {
  test.each([
    [["no-such-command-anywhere"], "ENOENT", /^w: its command no-such-command-anywhere is not in any folder of PATH/],
    [["/no/such/command"], "ENOENT", /^w: its command \/no\/such\/command does not exist$/],
    [["./data"], "EACCES", /^w: its command .*\/data is not an executable file$/],
    [["./folder"], "EACCES", /^w: its command .*\/folder is not an executable file$/],
    [["-x"], "EINVAL", /^w: a command cannot begin with a dash: -x$/],
    [["sleep", "a\0b"], "EINVAL", /NUL/],
  ])("%j", async (argv, code, message) => {
    const { manager, spec, directory, runDirectory } = bench();
    writeFileSync(join(directory, "data"), "");
    mkdirSync(join(directory, "folder"));
    const result = await manager.start(spec(argv), "start-1");
    expect(result).toMatchObject({ kind: "failed", code, message: expect.stringMatching(message) });
    expect(readdirSync(runDirectory)).not.toContain("w.pid");
  });

  test("its directory, its user", async () => {
    const { manager, spec, directory } = bench();
    expect(await manager.start(spec(["sleep", "1"], { directory: "/no/such/place" }), "a")).toMatchObject({
      code: "ENOENT",
      message: "w: its directory /no/such/place does not exist",
    });
    writeFileSync(join(directory, "file"), "");
    expect(await manager.start(spec(["sleep", "1"], { directory: join(directory, "file") }), "a")).toMatchObject({
      code: "ENOTDIR",
    });
    expect(await manager.start(spec(["sleep", "1"], { user: "no-such-user-here" }), "a")).toMatchObject({
      code: "EINVAL",
      message: "w: there is no user no-such-user-here",
    });
  });

  test("what the kernel refuses, by its code", async () => {
    const { manager, spec } = bench();
    const result = await manager.start(spec(["true", "x".repeat(1024 * 1024)]), "a");
    expect(result).toMatchObject({ kind: "failed", code: "E2BIG", message: expect.stringMatching(/^w: /) });
  });

  test("a run directory that is a file", async () => {
    const { spec, directory, logDirectory } = bench();
    const runDirectory = join(directory, "not-a-directory");
    writeFileSync(runDirectory, "");
    const manager = createSupervisedManager({ runDirectory, logDirectory });
    expect(await manager.start(spec(["sleep", "1"]), "a")).toMatchObject({
      kind: "failed",
      message: expect.stringContaining(runDirectory),
    });
  });
});
