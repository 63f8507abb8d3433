import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findConfigFile } from "../../config/find.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { problemsIn } from "./written-config.ts";

describe("the configuration file", () => {
  test("is the one that was named, whether it exists or not", () => {
    expect(findConfigFile("my.yml", "/some/where")).toBe("/some/where/my.yml");
    expect(findConfigFile("/etc/my.yml", "/some/where")).toBe("/etc/my.yml");
  });

  test("is else the first that exists, the working directory's before the system's", () => {
    const cwd = temporaryDirectory();
    const system = join(temporaryDirectory(), "pitcrew.yml");
    writeFileSync(system, "");
    expect(findConfigFile(undefined, cwd, ["./pitcrew.yml", system])).toBe(system);
    writeFileSync(join(cwd, "pitcrew.yml"), "");
    expect(findConfigFile(undefined, cwd, ["./pitcrew.yml", system])).toBe(join(cwd, "pitcrew.yml"));
    expect(findConfigFile(undefined, cwd)).toBe(join(cwd, "pitcrew.yml"));
  });

  test("where there is none, says how to get one", () => {
    const cwd = temporaryDirectory();
    const file = join(cwd, "pitcrew.yml");
    expect(problemsIn(() => findConfigFile(undefined, cwd, ["./pitcrew.yml", "/no/pitcrew.yml"]))).toEqual([
      `${file}:1:1: (file): does not exist, nor does /no/pitcrew.yml: write one with pitcrew init --match REGEX, or name one with --config.file FILE`,
    ]);
  });
});
