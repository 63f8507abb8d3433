import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runTool } from "../../support/run-tool.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { CASES, CASES_FILE, expectedOf, type Outcome } from "./cases.ts";
import { LIBRARY } from "./python-brake.ts";

const results = new Map<string, Outcome[]>();

beforeAll(async () => {
  const driver = join(import.meta.dirname, "run_cases.py");
  const { code, stdout, stderr } = await runTool("python3", ["-B", driver, LIBRARY, CASES_FILE, temporaryDirectory()]);
  if (code !== 0) throw new Error(stderr);
  for (const line of stdout.split("\n").filter((text) => text !== "")) {
    const { n, results: outcomes } = JSON.parse(line) as { n: string; results: Outcome[] };
    results.set(n, outcomes);
  }
});

describe("the Python brake keeps to the table", () => {
  test.each(CASES)("$n", (one) => {
    expect(results.get(one.n)).toEqual(expectedOf(one));
  });
});

test("the Python file is one that Python 3.8 understands, and imports nothing but the standard library", async () => {
  const script = `
import ast, sys
tree = ast.parse(open(sys.argv[1], encoding="utf-8").read(), feature_version=(3, 8))
names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
names = {name.split(".")[0] for name in names}
known = getattr(sys, "stdlib_module_names", names)
print(sorted(names - set(known)))
untyped = [f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.returns is None]
print(untyped)
`;
  const file = join(LIBRARY, "pitcrew_brake.py");
  expect(readFileSync(file, "utf8")).not.toContain("import optuna");
  const { stdout, stderr } = await runTool("python3", ["-c", script, file]);
  expect(stderr).toBe("");
  expect(stdout).toBe("[]\n[]\n");
});
