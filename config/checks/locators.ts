// How a worker that somebody else starts is recognised: one way, of one process, which is not pitcrew.
import { hasIndex, withIndex } from "../expand.ts";
import { matchesPitcrew } from "../self.ts";
import type { Found } from "../source/found.ts";
import type { Path } from "../source/source-document.ts";
import { type Check, type CheckContext, type DraftEntry, entries } from "./check-context.ts";

export const checkLocators: Check = function* (draft, context) {
  for (const { entry, path } of entries(draft)) {
    if (entry.manager === "command" || entry.manager === "observe") yield* oneLocator(path, context);
    yield* indexed(entry, path);
    if (entry.match !== undefined) yield* checkMatch(entry.match, [...path, "match"], context);
  }
};

function* oneLocator(path: Path, context: CheckContext): Generator<Found> {
  const match = context.isWritten([...path, "match"]);
  const pidfile = context.isWritten([...path, "pidfile"]);
  if (match && pidfile) {
    const message = "match and pidfile are both written: keep the one that recognises the worker";
    yield { path: [...path, "pidfile"], message, part: "key" };
  }
  if (!match && !pidfile) {
    const message = 'is missing: write match: {cmdline: "train\\\\.py", user: train} or pidfile: /run/train.pid';
    yield { path: [...path, "match"], message, part: "value", absence: true };
  }
}

/** What names one process cannot stand for several. */
function* indexed(entry: DraftEntry, path: Path): Generator<Found> {
  const { count = 1, unit, pidfile } = entry;
  if (count < 2) {
    if (unit?.endsWith("@.service") !== true) return;
    const example = unit.replace("@.service", "@1.service");
    yield {
      path: [...path, "unit"],
      message: `a template runs nothing: write its instance, such as ${example}`,
      part: "value",
    };
    return;
  }
  if (unit !== undefined && !hasIndex(unit)) {
    const example = unit.replace(/@?\.service$/, "@{index}.service");
    yield { path: [...path, "unit"], message: `${count} workers need one unit each: write ${example}`, part: "value" };
  }
  if (pidfile !== undefined && !hasIndex(pidfile)) {
    const example = pidfile.replace(/(\.[^./]*)?$/, "-{index}$1");
    yield {
      path: [...path, "pidfile"],
      message: `${count} workers need one pid file each: write ${example}`,
      part: "value",
    };
  }
}

function* checkMatch(match: NonNullable<DraftEntry["match"]>, path: Path, context: CheckContext): Generator<Found> {
  if (context.isRoot && !context.isWritten([...path, "user"])) {
    const message =
      "is missing: write the user whose processes are meant, since pitcrew runs as root and sees everybody's";
    yield { path: [...path, "user"], message, part: "value", absence: true };
  }
  if (match.cmdline === undefined) return;
  const problem = patternProblem(match.cmdline, context);
  if (problem !== undefined) yield { path: [...path, "cmdline"], message: problem, part: "value" };
}

function patternProblem(cmdline: string, context: CheckContext): string | undefined {
  if (cmdline.trim() === "")
    return 'is empty and would match every process: write a part of the command line, such as "train\\\\.py"';
  let pattern: RegExp;
  try {
    pattern = new RegExp(withIndex(cmdline, 1));
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).replace(/^.*: /s, "");
    return `not a regular expression: ${why}: put a backslash before a character that is meant as it is`;
  }
  const own = matchesPitcrew(pattern, context.file);
  if (own === undefined) return undefined;
  return `matches pitcrew itself (${own}): write more of the worker's command line, such as the name of its script`;
}
