// Ids that people can say aloud and sort: the second they were made in, and a count.
import { randomInt } from "node:crypto";

/**
 * `20260215-120305-4f0a` (UTC second, source), `…-4f0a-2` for the second one of a second. The source is drawn: in a container each
 * pitcrew has the same pid as the one before.
 */
export function idSource(wallSeconds: () => number): () => string {
  let last = "";
  let count = 0;
  const own = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, "0");
  return () => {
    const second = new Date(wallSeconds() * 1000).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    // A clock that is set back must not make an id twice.
    count = second <= last ? count + 1 : 1;
    last = second <= last ? last : second;
    return `${last}-${own}${count === 1 ? "" : `-${count}`}`;
  };
}
