// Walks a value along the schema and finds every problem, each with its path. zod alone yields no value at all for a file
// that is partly wrong, but the checks between keys want whatever is right in it.
import * as z from "zod";
import type { Found } from "../source/found.ts";
import type { Path } from "../source/source-document.ts";
import { nearest } from "../source/suggest.ts";
import { shown } from "./wrong-type.ts";

/** What could be read of a file: everything may be missing, what is there is right. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly (Draft<Item> | undefined)[]
  : T extends string | number | boolean
    ? T
    : { readonly [Key in keyof T]?: Draft<T[Key]> | undefined };

type AnyObject = z.ZodObject<Readonly<Record<string, z.core.$ZodType>>>;

export interface Inspected<T> {
  draft: Draft<T> | undefined;
  /** Defaults applied and texts parsed; undefined if anything was found. */
  whole: T | undefined;
  found: readonly Found[];
}

export function inspect<S extends z.ZodType>(schema: S, value: unknown): Inspected<z.output<S>> {
  const found: Found[] = [];
  const draft = walk(schema, value, [], found);
  // Every leaf went through zod on the way along the schema, so what the walk returns has the schema's shape. To let zod
  // parse the whole once more would double the time of a start.
  return {
    draft: draft as Draft<z.output<S>> | undefined,
    whole: found.length === 0 ? (draft as z.output<S>) : undefined,
    found,
  };
}

function walk(schema: z.core.$ZodType, value: unknown, path: Path, found: Found[]): unknown {
  if (schema instanceof z.ZodPrefault) {
    return walk(schema.unwrap(), value === undefined ? schema.def.defaultValue : value, path, found);
  }
  if (schema instanceof z.ZodOptional)
    return value === undefined ? undefined : walk(schema.unwrap(), value, path, found);
  if (schema instanceof z.ZodObject && isMapping(value)) return walkObject(schema as AnyObject, value, path, found);
  if (schema instanceof z.ZodUnion && isMapping(value)) return walkVariants(schema, value, path, found);
  if (schema instanceof z.ZodUnion && Array.isArray(value)) {
    const list = schema.options.find((option) => option instanceof z.ZodArray);
    if (list !== undefined) return walk(list, value, path, found);
  }
  if (schema instanceof z.ZodRecord && isMapping(value)) return walkRecord(schema, value, path, found);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    const items = value.map((item, index) => walk(schema.element, item, [...path, index], found));
    // The one rule on a list itself: some may not be empty.
    const own = items.length === 0 ? z.safeParse(schema, value) : undefined;
    if (own?.success === false) report(own.error, path, found, false);
    return items;
  }
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  report(result.error, path, found, value === undefined);
  return undefined;
}

function report(error: z.core.$ZodError, path: Path, found: Found[], absence: boolean): void {
  const [first] = error.issues;
  if (first !== undefined) found.push({ path, message: first.message, part: "value", ...(absence && { absence }) });
}

function walkObject(
  schema: AnyObject,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  found: Found[],
  elsewhere: (key: string) => string | undefined = () => undefined,
): Record<string, unknown> {
  const { shape } = schema;
  const draft: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(shape)) {
    draft[key] = walk(inner, Object.hasOwn(value, key) ? value[key] : undefined, [...path, key], found);
  }
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(shape, key)) continue;
    found.push({ path: [...path, key], message: elsewhere(key) ?? unknownKey(key, Object.keys(shape)), part: "key" });
  }
  return draft;
}

function unknownKey(key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  return suggestion === undefined
    ? `unknown key; remove it, or use one of ${known.join(", ")}`
    : `unknown key; did you mean ${suggestion}?`;
}

function walkRecord(
  schema: z.ZodRecord,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  found: Found[],
): Record<string, unknown> {
  const draft: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = z.safeParse(schema.keyType, key);
    if (!name.success) report(name.error, [...path, key], found, false);
    draft[key] = walk(schema.valueType, inner, [...path, key], found);
  }
  return draft;
}

/** Entries of `workers`: the variant is chosen by `manager`. */
function walkVariants(
  schema: z.ZodUnion,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  found: Found[],
): unknown {
  const variants = new Map<string, AnyObject>();
  for (const option of schema.options) {
    if (option instanceof z.ZodObject) variants.set(managerOf(option as AnyObject), option as AnyObject);
  }
  const managers = [...variants.keys()];
  const [first] = managers;
  const written = Object.hasOwn(value, "manager") ? value.manager : first;
  const suggestion = typeof written === "string" ? nearest(written, managers) : undefined;
  const chosen = variants.get(String(written));
  if (chosen === undefined) {
    const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
    const message = `expected one of ${managers.join(", ")}; got ${shown(written)}${hint}`;
    found.push({ path: [...path, "manager"], message, part: "value" });
  }
  const variant = chosen ?? variants.get(suggestion ?? mostAlike(variants, Object.keys(value)));
  if (variant === undefined) return undefined;
  const elsewhere = (key: string): string | undefined => {
    const owners = managers.filter((manager) => Object.hasOwn(variants.get(manager)?.shape ?? {}, key));
    const remedy = `belongs to manager: ${owners.join(" or ")}, and this worker's is ${managerOf(variant)}: remove the key, or change manager`;
    return owners.length === 0 ? undefined : remedy;
  };
  if (chosen !== undefined) return walkObject(variant, value, path, found, elsewhere);
  // The manager is a guess: what seems to be missing may not be wanted.
  const guessed: Found[] = [];
  const draft = walkObject(variant, { ...value, manager: managerOf(variant) }, path, guessed, elsewhere);
  found.push(...guessed.filter(({ absence }) => absence !== true));
  return draft;
}

function managerOf(variant: AnyObject): string {
  const { manager } = variant.shape;
  const literal = manager instanceof z.ZodPrefault ? manager.unwrap() : manager;
  return literal instanceof z.ZodLiteral ? String(literal.value) : "";
}

function mostAlike(variants: ReadonlyMap<string, AnyObject>, keys: readonly string[]): string {
  const known = (manager: string): number =>
    keys.filter((key) => Object.hasOwn(variants.get(manager)?.shape ?? {}, key)).length;
  return [...variants.keys()].toSorted((a, b) => known(b) - known(a))[0] ?? "";
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
