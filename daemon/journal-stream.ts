// Whether what we write to stderr goes to systemd's journal.
import { fstatSync } from "node:fs";

/**
 * Compares the file that systemd named with the one that is open: a child whose output went elsewhere still has the variable.
 * Source: systemd.exec(5), $JOURNAL_STREAM.
 */
export function stderrIsJournal(
  { JOURNAL_STREAM: named }: NodeJS.ProcessEnv = process.env,
  statStderr: () => { dev: bigint; ino: bigint } = () => fstatSync(2, { bigint: true }),
): boolean {
  if (!named) return false;
  try {
    const { dev, ino } = statStderr();
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
