// config/example.yml and config/pitcrew.schema.json are made for people and editors: they may not drift from the schema.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseDocument, visit } from "yaml";
import * as z from "zod";
import { loadConfig } from "../../config/load.ts";
import { configJsonSchema, configJsonSchemaText } from "../../config/schema-json.ts";
import { loadRules } from "../../remediator/guard/rules.ts";
import { written } from "./written-config.ts";

const CONFIG = join(import.meta.dirname, "../../config");
const example = readFileSync(join(CONFIG, "example.yml"), "utf8");

interface Key {
  name: string;
  default: unknown;
}

/** Every key of the JSON Schema, at any depth. */
function keysOf(schema: unknown): Key[] {
  if (Array.isArray(schema)) return schema.flatMap(keysOf);
  if (typeof schema !== "object" || schema === null) return [];
  const properties: unknown = "properties" in schema ? schema.properties : undefined;
  const own = Object.entries(typeof properties === "object" ? { ...properties } : {}).map(([name, key]) => ({
    name,
    default: typeof key === "object" && key !== null && "default" in key ? key.default : undefined,
  }));
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

function keysWritten(text: string): Set<string> {
  const names = new Set<string>();
  // A file of rules has to be there; who names none gets the packaged one.
  visit(parseDocument(text.replace("# rules:", "rules:")), { Pair: (_, { key }) => void names.add(String(key)) });
  return names;
}

describe("the example", () => {
  test.each([true, false])("is a good configuration (as root: %s)", (isRoot) => {
    const config = loadConfig(written(example).file, { isRoot });
    expect(config.workers.map(({ name }) => name)).toEqual([
      "train-1",
      "train-2",
      "encoder-1",
      "encoder-2",
      "encoder-3",
      "encoder-4",
      "legacy",
      "database",
    ]);
  });

  test("holds every key of the schema", () => {
    const known = new Set(keysOf(configJsonSchema()).map(({ name }) => name));
    const names = keysWritten(example);
    expect([...known].filter((name) => !names.has(name))).toEqual([]);
    expect(known.size).toBeGreaterThan(50);
  });

  test("tells every default beside its key, as the schema has it", () => {
    const lines = example.split("\n");
    for (const { name, default: value } of keysOf(configJsonSchema())) {
      if (value === undefined) continue;
      const shown = typeof value === "string" ? value : JSON.stringify(value);
      const beside = lines.filter((line) => new RegExp(`^ *(- )?${name}:`).test(line));
      expect(
        beside.some((line) => line.includes(`default: ${shown}`)),
        `${name}: default: ${shown}`,
      ).toBe(true);
    }
  });

  test("names no file of rules that is not there", () => {
    const { problems } = loadRules(loadConfig(written(example).file, { isRoot: true }).remediator.guard.rules);
    expect(problems).toEqual([]);
  });

  test("names the schema for editors", () => {
    expect(example.split("\n")[0]).toBe("# yaml-language-server: $schema=./pitcrew.schema.json");
  });
});

describe("the JSON Schema", () => {
  const file = join(CONFIG, "pitcrew.schema.json");

  test("is, byte for byte, what the schema of the file generates", () => {
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, configJsonSchemaText());
    expect(readFileSync(file, "utf8")).toBe(configJsonSchemaText());
  });

  test("accepts the example and refuses an unknown key, as an editor reads it", () => {
    const editor = z.fromJSONSchema(JSON.parse(readFileSync(file, "utf8")));
    expect(editor.safeParse(parse(example)).error).toBeUndefined();
    expect(editor.safeParse({ ...parse(example), hots: "box" }).success).toBe(false);
    expect(editor.safeParse({ workers: [{ name: "a", command: "a b" }] }).success).toBe(false);
  });
});
