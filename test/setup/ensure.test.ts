// A fresh clone sets itself up, once; what did not change costs next to nothing; two at once do not get in each other's way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ensureBuilt, ensureInstalled } from "../../setup/ensure.mjs";
import { eventually } from "../support/eventually.ts";
import { writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** A project whose only dependency is a folder of its own, so that npm needs no network. */
function npmProject(): string {
  const project = temporaryDirectory("pitcrew-setup-");
  const entry = { name: "tiny", version: "1.0.0" };
  const lock = {
    name: "p",
    lockfileVersion: 3,
    packages: {
      "": { name: "p", dependencies: { tiny: "file:tiny" } },
      "node_modules/tiny": { resolved: "tiny", link: true },
      tiny: { version: "1.0.0" },
    },
  };
  writeFiles(project, {
    "package.json": JSON.stringify({ name: "p", private: true, dependencies: { tiny: "file:tiny" } }),
    "package-lock.json": JSON.stringify(lock),
    "tiny/package.json": JSON.stringify(entry),
  });
  return project;
}

/** A project with one room, an asset, and this project's compiler. */
function sourceProject(): string {
  const project = temporaryDirectory("pitcrew-setup-");
  const tsconfig = {
    compilerOptions: {
      module: "NodeNext",
      rootDir: ".",
      outDir: "dist",
      types: [],
      rewriteRelativeImportExtensions: true,
    },
    include: ["*.ts", "room"],
    exclude: ["dist", "node_modules"],
  };
  writeFiles(project, {
    "package.json": JSON.stringify({ name: "p", type: "module" }),
    "package-lock.json": "{}",
    "tsconfig.json": JSON.stringify(tsconfig),
    "entry.ts": 'import { answer } from "./room/answer.ts";\nexport const text: string = String(answer);\n',
    "room/answer.ts": "export const answer: number = 42;\n",
    "room/tool.sh": "#!/bin/sh\n",
    "room/notes.md": "for readers\n",
  });
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  return project;
}

describe("dependencies", () => {
  test("are installed when node_modules is missing, not again while nothing changed, and again after a change", async () => {
    const project = npmProject();
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    await ensureInstalled({ project, say });
    expect(existsSync(join(project, "node_modules/tiny/package.json"))).toBe(true);
    await ensureInstalled({ project, say });
    expect(lines).toEqual(["Installing dependencies (npm ci): dependencies are not installed yet"]);

    const lock = readFileSync(join(project, "package-lock.json"), "utf8");
    writeFileSync(join(project, "package-lock.json"), `${lock}\n`);
    writeFileSync(join(project, "node_modules/left-over"), "");
    rmSync(join(project, "node_modules/.package-lock.json"));
    await ensureInstalled({ project, say });
    expect(lines.slice(1)).toEqual(["Installing dependencies (npm ci): package-lock.json changed"]);
    expect(existsSync(join(project, "node_modules/left-over"))).toBe(false);
  });

  test("that npm cannot install are an error with npm's own words, and are tried again the next time", async () => {
    const project = npmProject();
    const good = readFileSync(join(project, "package.json"), "utf8");
    writeFileSync(join(project, "package.json"), good.replace('"file:tiny"', '"file:tiny","ghost":"1.0.0"'));
    await expect(ensureInstalled({ project, say: () => {} })).rejects.toThrow(/ghost[\s\S]*npm ci failed/);
    writeFileSync(join(project, "package.json"), good);
    await ensureInstalled({ project, say: () => {} });
    expect(existsSync(join(project, "node_modules/tiny/package.json"))).toBe(true);
  });

  test("that somebody installed by hand from the same lock file are left as they are", async () => {
    const project = npmProject();
    await ensureInstalled({ project, say: () => {} });
    const before = statSync(join(project, "node_modules")).ino;
    rmSync(join(project, "node_modules/.pitcrew-installed"));
    const lines: string[] = [];
    await ensureInstalled({ project, say: (line) => lines.push(line) });
    expect(lines).toEqual([]);
    expect(statSync(join(project, "node_modules")).ino).toBe(before);
  });
});

/** Runs `ensureInstalled` with this script for npm, in a process group of its own, as a terminal does. */
function installer(project: string, npm: string) {
  writeFiles(project, { "npm/npm-cli.js": npm });
  const script = `
    const { ensureInstalled } = await import(${JSON.stringify(join(PROJECT, "setup/ensure.mjs"))});
    await ensureInstalled({ project: ${JSON.stringify(project)}, say: (line) => console.log(line) });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, npm_execpath: join(project, "npm/npm-cli.js") },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output, closed: once(child, "close") };
}

describe("an installation that is interrupted", () => {
  /** Takes its time to end after Ctrl-C, leaves half an installation, and says that all is well. */
  const slow = `
    const { appendFileSync, mkdirSync, rmSync } = require("node:fs");
    const tell = (what) => appendFileSync("calls", what + "\\n");
    rmSync("node_modules", { recursive: true, force: true });
    tell("begins");
    process.on("SIGINT", () => {
      mkdirSync("node_modules/half", { recursive: true });
      setTimeout(() => { tell("ends"); process.exit(0); }, 500);
    });
    setInterval(() => {}, 1000);`;
  const calls = (project: string) =>
    existsSync(join(project, "calls")) ? readFileSync(join(project, "calls"), "utf8").trimEnd().split("\n") : [];

  test("ends when npm has ended; who starts meanwhile waits, and installs anew", async () => {
    const project = npmProject();
    const first = installer(project, slow);
    await eventually(() => calls(project).includes("begins"), { what: "npm to begin" });
    process.kill(-(first.child.pid ?? 0), "SIGINT");
    const second = installer(project, 'require("node:fs").appendFileSync("calls", "again\\n"); process.exit(1);');
    expect((await first.closed)[1]).toBe("SIGINT");
    await second.closed;
    expect(calls(project)).toEqual(["begins", "ends", "again"]);
    await ensureInstalled({ project, say: () => {} });
    expect(existsSync(join(project, "node_modules/tiny/package.json"))).toBe(true);
  });

  test("is not taken for a whole one, whatever npm says of itself", async () => {
    const project = npmProject();
    const { output, closed } = installer(
      project,
      'require("node:fs").mkdirSync("node_modules/half", { recursive: true });',
    );
    expect((await closed)[0]).toBe(1);
    expect(output()).toContain("npm ci failed (exit 0)");
    expect(existsSync(join(project, "node_modules/.pitcrew-installed"))).toBe(false);
  });
});

describe("the build", () => {
  test("compiles, copies what is read at run time, and is not repeated while nothing changed", async () => {
    const project = sourceProject();
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    await ensureBuilt({ project, say });
    await ensureBuilt({ project, say });
    expect(lines).toEqual(["Building dist/: there is no build yet"]);
    expect(readFileSync(join(project, "dist/entry.js"), "utf8")).toContain('from "./room/answer.js"');
    expect(existsSync(join(project, "dist/room/tool.sh"))).toBe(true);
    expect(existsSync(join(project, "dist/room/notes.md"))).toBe(false);
  });

  test("follows a changed, an added and a removed source, and a changed asset", async () => {
    const project = sourceProject();
    await ensureBuilt({ project, say: () => {} });
    const lines: string[] = [];
    const changes = [
      () => writeFileSync(join(project, "room/answer.ts"), "export const answer: number = 43;\n"),
      () => writeFileSync(join(project, "room/more.ts"), "export const more = 1;\n"),
      () => rmSync(join(project, "room/more.ts")),
      () => writeFileSync(join(project, "room/tool.sh"), "#!/bin/sh\nexit 1\n"),
    ];
    for (const change of changes) {
      change();
      await ensureBuilt({ project, say: (line) => lines.push(line) });
    }
    expect(lines).toEqual(changes.map(() => "Building dist/: sources changed"));
    expect(readFileSync(join(project, "dist/room/answer.js"), "utf8")).toContain("43");
    expect(existsSync(join(project, "dist/room/more.js"))).toBe(false);
    expect(readFileSync(join(project, "dist/room/tool.sh"), "utf8")).toContain("exit 1");
  });

  test("that fails says where, and leaves the former build in place", async () => {
    const project = sourceProject();
    await ensureBuilt({ project, say: () => {} });
    writeFileSync(join(project, "room/answer.ts"), "export const answer: number = true;\n");
    await expect(ensureBuilt({ project, say: () => {} })).rejects.toThrow(/room\/answer\.ts[\s\S]*The build failed/);
    expect(readFileSync(join(project, "dist/room/answer.js"), "utf8")).toContain("42");
  });

  test("is made once by processes that want it at the same time, and each of them can use it", async () => {
    const project = sourceProject();
    mkdirSync(join(project, "dist"));
    const script = `
      const { ensureBuilt } = await import(${JSON.stringify(join(PROJECT, "setup/ensure.mjs"))});
      await ensureBuilt({ project: ${JSON.stringify(project)}, say: (line) => console.log(line) });
      const { text } = await import(${JSON.stringify(join(project, "dist/entry.js"))});
      console.log("text " + text);`;
    const outputs = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
        await once(child, "close");
        return output;
      }),
    );
    for (const output of outputs) expect(output).toContain("text 42");
    expect(outputs.join("").match(/Building/g)).toHaveLength(1);
  });
});

test("a project of 300 sources that did not change costs less than 50 ms to check", async () => {
  const project = sourceProject();
  const source = `// ${"why ".repeat(1000)}\nexport const value: number = 1;\n`;
  writeFiles(project, Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`room/${index}.ts`, source])));
  await ensureBuilt({ project, say: () => {} });
  const tries: number[] = [];
  for (let round = 0; round < 20; round++) {
    const before = process.cpuUsage();
    await ensureBuilt({
      project,
      say: (line) => {
        throw new Error(line);
      },
    });
    const { user, system } = process.cpuUsage(before);
    tries.push((user + system) / 1000);
  }
  // The best of many: what the check costs, not what else the machine does.
  expect(Math.min(...tries)).toBeLessThan(50);
});
