// A fresh clone sets itself up, once; what did not change costs next to nothing; two at once do not get in each other's way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ensureBuilt, ensureInstalled } from "../../setup/ensure.mjs";
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

test("a project of 300 sources that did not change is checked within 50 ms", async () => {
  const project = sourceProject();
  const source = `// ${"why ".repeat(1000)}\nexport const value: number = 1;\n`;
  writeFiles(project, Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`room/${index}.ts`, source])));
  await ensureBuilt({ project, say: () => {} });
  const tries: number[] = [];
  for (let round = 0; round < 20; round++) {
    const before = performance.now();
    await ensureBuilt({
      project,
      say: (line) => {
        throw new Error(line);
      },
    });
    tries.push(performance.now() - before);
  }
  // The best of many: what the check costs, not what else the machine does.
  expect(Math.min(...tries)).toBeLessThan(50);
});
