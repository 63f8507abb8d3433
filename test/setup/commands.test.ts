// npm start, npm run stack and npm test: the commands of a newcomer, here in a project whose tools only say that they were called.
import { chmodSync, cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFiles } from "../support/prometheus.ts";
import { runTool } from "../support/run-tool.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SETUP = join(import.meta.dirname, "../../setup");
const SAYS = (name: string) => `console.log("${name}: " + process.argv.slice(2).join(" "));`;
/** Compiles nothing, but leaves a program at the place it was told. */
const COMPILER = `
const { mkdirSync, writeFileSync } = await import("node:fs");
const out = process.argv[process.argv.indexOf("--outDir") + 1];
if (process.argv.includes("--outDir")) {
  mkdirSync(out + "/demo", { recursive: true });
  const program = 'console.log(JSON.stringify([process.pid, process.ppid, ...process.argv.slice(1)]));';
  writeFileSync(out + "/pitcrew.js", program);
  writeFileSync(out + "/demo/stack.js", program);
}
${SAYS("tsc")}`;

function project(tools: Record<string, string> = {}) {
  const root = temporaryDirectory("pitcrew-commands-");
  cpSync(SETUP, join(root, "setup"), { recursive: true });
  const lock = JSON.stringify({ lockfileVersion: 3, packages: {} });
  writeFiles(root, {
    "package.json": '{"type":"module"}',
    "package-lock.json": lock,
    "tsconfig.json": '{"include":["*.ts"]}',
    "node_modules/.package-lock.json": lock,
    "node_modules/package.json": '{"type":"module"}',
    "node_modules/@biomejs/biome/bin/biome": SAYS("biome"),
    "node_modules/oxlint/bin/oxlint": SAYS("oxlint"),
    "node_modules/typescript/bin/tsc": COMPILER,
    "node_modules/vitest/vitest.mjs": `${SAYS("vitest")} console.log("3 passed, 0 failed, 0 skipped");`,
    // Fetched already: these tests need no network.
    "cache/debian/1/python3-optuna/usr/lib/x86_64-linux-gnu/libx.so": "",
    ...tools,
  });
  const programs = ["prometheus", "promtool", "alertmanager", "amtool"];
  writeFiles(root, Object.fromEntries(programs.map((name) => [`bin/${name}`, "#!/bin/sh\n"])));
  for (const name of programs) chmodSync(join(root, "bin", name), 0o755);
  const env = {
    ...process.env,
    PITCREW_CACHE: join(root, "cache"),
    PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}`,
  };
  const run = async (script: string, args: readonly string[] = []) => {
    const result = await runTool(process.execPath, [join(root, "setup", script), ...args], { cwd: "/", env });
    return { ...result, lines: result.stdout.trimEnd().split("\n") };
  };
  return { root, run };
}

test("npm start becomes the program: one process, with the demonstration's configuration and the given arguments", async () => {
  const { root, run } = project();
  const { code, lines } = await run("start.mjs", ["--log.level", "debug"]);
  expect(code).toBe(0);
  const [pid, ppid, ...argv] = JSON.parse(lines.at(-1) ?? "") as [number, number, ...string[]];
  // Its parent is this test: nobody stands in between who would see a Ctrl-C as well.
  expect([ppid, pid === process.pid]).toEqual([process.pid, false]);
  const config = join(root, "demo/pitcrew.yml");
  const program = join(root, "dist/pitcrew.js");
  expect(argv).toEqual([program, "up", "--config.file", config, "--view", "--log.level", "debug"]);
});

test("npm start says nothing when nothing changed", async () => {
  const { run } = project();
  expect((await run("start.mjs")).lines).toHaveLength(2);
  expect((await run("start.mjs")).lines).toHaveLength(1);
});

test("npm run stack hands the paths of Prometheus and Alertmanager to the launcher", async () => {
  const { root, run } = project();
  const { lines } = await run("start.mjs", ["--stack"]);
  const [, , ...argv] = JSON.parse(lines.at(-1) ?? "") as [number, number, ...string[]];
  expect(argv).toEqual([
    join(root, "dist/demo/stack.js"),
    "--prometheus",
    join(root, "bin/prometheus"),
    "--alertmanager",
    join(root, "bin/alertmanager"),
  ]);
});

test("npm test runs every step in order, gives its arguments to vitest, and ends with vitest's summary", async () => {
  const { code, lines } = await project().run("test.mjs", ["test/alerts", "-t", "boundary"]);
  expect(code).toBe(0);
  const calls = lines.filter((line) => /^(biome|oxlint|tsc|vitest):/.test(line));
  expect(calls).toEqual([
    "biome: check",
    "oxlint: --type-aware --deny-warnings",
    "tsc: --noEmit -p test/tsconfig.json",
    "vitest: run test/alerts -t boundary",
  ]);
  expect(lines.at(-1)).toBe("3 passed, 0 failed, 0 skipped");
});

test("npm test stops at the first failing step, says which, and still ends with a summary", async () => {
  const broken = project({ "node_modules/oxlint/bin/oxlint": 'console.log("a warning"); process.exit(1);' });
  const { code, lines, stderr } = await broken.run("test.mjs");
  expect(code).toBe(1);
  expect(lines).toContain("a warning");
  expect(stderr).toMatch(/Failed after [\d.]+ s: Lint \(oxlint\)/);
  expect(lines.join("\n")).not.toContain("vitest:");
  expect(lines.at(-1)).toBe("0 passed, 1 failed, 0 skipped");
});

test("npm test leaves the last word to vitest if tests fail, and speaks for it if it was killed", async () => {
  const failing = project({
    "node_modules/vitest/vitest.mjs": 'console.log("2 passed, 1 failed, 0 skipped"); process.exit(1);',
  });
  const failed = await failing.run("test.mjs");
  expect([failed.code, failed.lines.at(-1)]).toEqual([1, "2 passed, 1 failed, 0 skipped"]);
  const dying = project({ "node_modules/vitest/vitest.mjs": 'process.kill(process.pid, "SIGKILL");' });
  const killed = await dying.run("test.mjs");
  expect([killed.code, killed.lines.at(-1)]).toEqual([1, "0 passed, 1 failed, 0 skipped"]);
});
