// One name, one unit, one pid file and one pattern belong to one worker.
import { isWorkerName } from "../../worker/name.ts";
import { instancesOf, withIndex } from "../expand.ts";
import type { Found } from "../source/found.ts";
import type { Path } from "../source/source-document.ts";
import { type Check, type CheckContext, type DraftEntry, entries } from "./check-context.ts";

export const checkNames: Check = function* (draft, context) {
  const names = new Map<string, Path>();
  const groups = new Map<string, Path>();
  const sources = new Map<string, { path: Path; name: string }>();
  for (const { entry, path } of entries(draft)) {
    if (entry.name === undefined) continue;
    const here = [...path, "name"];
    const earlier = groups.get(entry.name);
    groups.set(entry.name, earlier ?? here);
    const problem =
      earlier === undefined ? nameProblem(entry, here, names, context) : taken(entry.name, earlier, context);
    if (problem !== undefined) yield { path: here, message: problem, part: "value" };
    else yield* sharedSources(entry, path, sources, context);
  }
};

function nameProblem(
  entry: DraftEntry,
  here: Path,
  names: Map<string, Path>,
  context: CheckContext,
): string | undefined {
  for (const { name } of instancesOf(entry.name ?? "", entry.count)) {
    const earlier = names.get(name);
    if (earlier !== undefined) return taken(name, earlier, context);
    if (!isWorkerName(name))
      return `with count the name becomes ${name}, longer than 63 characters: write a shorter one`;
    names.set(name, here);
  }
  return undefined;
}

function taken(name: string, earlier: Path, context: CheckContext): string {
  return `the name ${name} is taken by the worker on line ${context.lineOf(earlier)}: rename one of the two`;
}

/** Two workers that find the same process would renew it against each other. */
function* sharedSources(
  entry: DraftEntry,
  path: Path,
  sources: Map<string, { path: Path; name: string }>,
  context: CheckContext,
): Generator<Found> {
  const { unit, pidfile, match, count } = entry;
  const pattern = match?.cmdline === undefined ? undefined : `${match.user ?? ""}\0${match.cmdline}`;
  for (const [key, text] of [
    ["unit", unit],
    ["pidfile", pidfile],
    ["match", pattern],
  ] as const) {
    if (text === undefined) continue;
    for (const { name, index } of instancesOf(entry.name ?? "", count)) {
      const source = `${key} ${withIndex(text, index)}`;
      const earlier = sources.get(source);
      if (earlier === undefined) {
        sources.set(source, { path, name });
        continue;
      }
      // Within one entry the missing {index} has a sentence of its own.
      if (earlier.path === path) break;
      const line = context.lineOf([...earlier.path, key]);
      yield {
        path: [...path, key],
        message: `the same process as worker ${earlier.name} on line ${line}: write another ${key}, or remove one of the two`,
        part: "value",
      };
      break;
    }
  }
}
