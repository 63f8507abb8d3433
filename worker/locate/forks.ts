// A worker that died may leave a child with the worker's own command line behind: which of two processes is the copy?
import { textOf } from "../proc/read-text.ts";
import { hasExecuted, parseProcStat } from "../proc/stat.ts";
import type { ProcessEntry } from "../process-table.ts";
import { ProcessFacts } from "./process-facts.ts";

/**
 * A process that never executed a program has its command line from the one that it was forked from. Where exactly one of the roots did
 * execute its program, those with the very same command line that did not are what a former process, or this one, has left behind: had they
 * been started as it was, they would be as it is. Otherwise nobody can tell, and all of them stay.
 */
export function withoutForks(roots: readonly ProcessEntry[], procRoot: string): readonly ProcessEntry[] {
  const executed = roots.filter(({ pid }) => mayHaveExecuted(pid, procRoot));
  const [main] = executed;
  if (main === undefined || executed.length > 1) return roots;
  const lineOf = ({ pid }: ProcessEntry) => new ProcessFacts(pid, procRoot).commandLine;
  const line = lineOf(main);
  return line === undefined ? roots : roots.filter((root) => root === main || lineOf(root) !== line);
}

/** What cannot be read counts as executed: then nobody is left out. */
function mayHaveExecuted(pid: number, procRoot: string): boolean {
  const stat = parseProcStat(textOf(`${procRoot}/${pid}/stat`) ?? "");
  return stat === undefined || hasExecuted(stat);
}
