// The rooms of the project and the doors between them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSource, readSources, type SourceFile } from "./support/source-files.ts";

const PROJECT = join(import.meta.dirname, "..");
const sources = readSources(PROJECT);
const byPath = new Map(sources.map((source) => [source.path, source]));

/** Room → the other rooms that it may import. Exporter and remediator never meet. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  worker: [],
  daemon: [],
  config: ["worker"],
  exporter: ["worker", "daemon", "config"],
  remediator: ["worker", "daemon", "config"],
  demo: ["worker"],
  grafana: [],
  bench: ["worker", "daemon", "config", "exporter", "remediator", "setup"],
  setup: [],
};
const ROOMS_OF_THE_PROGRAM = ["worker", "daemon", "config", "exporter", "remediator"];

/** "" for the files at the root, which only put the rooms together. */
function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Files that are run, not imported. */
function isEntry({ path }: SourceFile): boolean {
  return (
    path === "pitcrew.ts" ||
    path.startsWith("demo/") ||
    path === "grafana/src/generate.ts" ||
    /^bench\/[a-z-]+\.(ts|mjs)$/.test(path) ||
    /^setup\/(start|build|test|test-root|test-systemd|test-vm|bench)\.mjs$/.test(path) ||
    path === "vitest.config.ts"
  );
}

const programs = sources.filter(
  ({ path }) => roomOf(path) in MAY_IMPORT || (roomOf(path) === "" && path !== "vitest.config.ts"),
);

describe("imports", () => {
  test("lead only from a room to those that it may know", () => {
    const wrong = programs.flatMap(({ path, local }) => {
      const room = roomOf(path);
      const allowed = [room, ...(room === "" ? ROOMS_OF_THE_PROGRAM : (MAY_IMPORT[room] ?? []))];
      return local.filter((target) => !allowed.includes(roomOf(target))).map((target) => `${path} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test("name files that exist", () => {
    const wrong = sources.flatMap(({ path, local }) =>
      local.filter((target) => !existsSync(join(PROJECT, target))).map((target) => `${path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("form no cycle", () => {
    expect(cyclesIn(byPath)).toEqual([]);
  });

  test("of packages are dependencies that the installed program has", () => {
    const { dependencies } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const wrong = programs
      .filter(({ path }) => roomOf(path) !== "grafana")
      .flatMap(({ path, external }) =>
        external
          .filter((name) => !name.startsWith("node:") && name !== "pitcrew" && !(name in dependencies))
          .map((name) => `${path}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test("of grafana/ are Grafana's SDK and Node's own: what it makes is data, and nothing of it is installed", () => {
    const drawn = sources.filter(({ path }) => roomOf(path) === "grafana");
    expect(drawn.length).toBeGreaterThan(0);
    const others = drawn.flatMap(({ external }) => external).filter((name) => !name.startsWith("node:"));
    expect(new Set(others)).toEqual(new Set(["@grafana/grafana-foundation-sdk"]));
    const { include } = JSON.parse(readFileSync(join(PROJECT, "tsconfig.json"), "utf8")) as { include: string[] };
    expect(include).not.toContain("grafana");
  });

  test("of setup/ are Node's own: it runs before anything is installed", () => {
    const setup = sources.filter(({ path }) => roomOf(path) === "setup");
    expect(setup.length).toBeGreaterThan(0);
    expect(setup.flatMap(({ external }) => external).filter((name) => !name.startsWith("node:"))).toEqual([]);
  });
});

describe("files", () => {
  test("start nothing when they are imported, unless they are an entry", () => {
    const wrong = sources
      .filter((source) => roomOf(source.path) !== "test" && !isEntry(source))
      .flatMap(({ path, effects }) => effects.map((effect) => `${path}, ${effect}`));
    expect(wrong).toEqual([]);
  });

  test("hold one thing: none is over 250 lines", () => {
    // To be copied beside a training script, the Python brake has to be one file.
    const onePiece = "worker/python/pitcrew_brake.py";
    expect(
      sources
        .filter(({ lines, path }) => lines > 250 && path !== onePiece)
        .map(({ path, lines }) => `${path}: ${lines}`),
    ).toEqual([]);
  });

  test("are named after a thing or a verb: no drawers", () => {
    const drawer = /(^|\/)(utils?|helpers?|common|misc|shared|lib|stuff|functions|tools)(\/|\.\w+$)/;
    expect(sources.filter(({ path }) => drawer.test(path)).map(({ path }) => path)).toEqual([]);
  });

  test("have kebab-case names; Python's have underscores", () => {
    const wrong = sources.filter(({ path }) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return !(name.endsWith(".py") ? /^[a-z0-9_]+\.py$/ : /^[a-z0-9-]+(\.test|\.config)?\.(ts|mjs|sh)$/).test(name);
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test("of the program begin with a comment that says why they exist", () => {
    const wrong = programs.filter(({ path }) => {
      const [first = "", second = ""] = readFileSync(join(PROJECT, path), "utf8").split("\n");
      const opening = first.startsWith("#!") ? second : first;
      return !/^(\/\/|\/\*\*|#|""")/.test(opening);
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe("the reader behind these tests", () => {
  const read = (text: string) => readSource("room/file.ts", text);

  test("sees every kind of import", () => {
    const { local, external } = read(
      `import a from "./a.ts"; import type { B } from "../other/b.ts"; export * from "./c.ts"; export { d } from "./d.ts";
       const e = () => import("./e.ts"); import { f } from "@scope/f/sub"; import { g } from "g/sub"; import { h } from "node:fs";`,
    );
    expect(local).toEqual(["room/a.ts", "other/b.ts", "room/c.ts", "room/d.ts", "room/e.ts"]);
    expect(external).toEqual(["@scope/f", "g", "node:fs"]);
  });

  test.each([
    ["a call", "start();"],
    ["a loop", "for (const x of [1]) use(x);"],
    ["a wait", "export const x = await load();"],
    ["a file read", 'import { readFileSync } from "node:fs";\nexport const x = readFileSync("y");'],
    ["a member's call", 'import * as fs from "node:fs";\nconst x = { y: fs.readFileSync("y") };'],
    ["a timer", "const timer = setInterval(() => {}, 1);"],
    ["a listener", 'process.on("exit", () => {});'],
  ])("sees %s at the top level", (_, text) => {
    expect(read(text).effects).toHaveLength(1);
  });

  test("takes declarations, tables and what functions do when they are called for harmless", () => {
    const { effects } = read(
      `import { readFileSync } from "node:fs"; import { join } from "node:path"; import { z } from "zod";
       const TABLE = new Map([["a", join("b", "c")]]); export const Shape = z.object({ a: z.string() });
       export function load() { return readFileSync("x"); } export const f = () => readFileSync("y");
       export class C { run() { return process.pid; } } export type T = string; interface I { a: T }`,
    );
    expect(effects).toEqual([]);
  });

  test("finds a cycle", () => {
    const files = ["a.ts", "b.ts", "c.ts"].map((path, index, all) => {
      const next = all[(index + 1) % all.length] ?? "";
      return [path, readSource(path, `import "./${next}";`)] as const;
    });
    expect(cyclesIn(new Map(files))).toEqual(["a.ts → b.ts → c.ts → a.ts"]);
  });
});

function cyclesIn(files: ReadonlyMap<string, SourceFile>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    if (done.has(path)) return;
    for (const target of files.get(path)?.local ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return cycles;
}
