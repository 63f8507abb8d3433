// One file per rule, with the exact sentences that it gets. `UPDATE_GOLDEN=1` writes them anew.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { ConfigError, formatProblem } from "../../config/problem.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/config");
const files = readdirSync(FIXTURES).filter((name) => /^invalid-.*\.yml$/.test(name));

/** The first line of each file is the fact that it shows. */
const cases = files.map((file) => {
  const text = readFileSync(join(FIXTURES, file), "utf8");
  const [first = "", second = ""] = text.split("\n");
  return { file, text, fact: first.slice(2), isRoot: second === "# as root" };
});

/** In a directory of its own: neither the checkout's path nor its permissions may play a part. */
function problemsOf(file: string, text: string, isRoot: boolean): string {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, file), text, { mode: 0o600 });
  try {
    loadConfig(join(folder, file), { isRoot });
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    expect(cause.code).toBe("invalid");
    return `${cause.problems.map(formatProblem).join("\n").replaceAll(`${folder}/`, "")}\n`;
  }
  throw new Error(`${file} was accepted`);
}

describe("a configuration that is wrong", () => {
  test.each(cases)("$fact ($file)", ({ file, text, isRoot }) => {
    const golden = join(FIXTURES, file.replace(/\.yml$/, ".txt"));
    const problems = problemsOf(file, text, isRoot);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(golden, problems);
    expect(problems).toBe(readFileSync(golden, "utf8"));
  });

  test("every expected text belongs to a file", () => {
    const texts = readdirSync(FIXTURES).filter((name) => /^invalid-.*\.txt$/.test(name));
    expect(texts.map((name) => name.replace(/\.txt$/, ".yml")).toSorted()).toEqual(files.toSorted());
  });
});
