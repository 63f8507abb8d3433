// Ids that people can say aloud and sort: the second they were made in, and a count.

/** `20260215-120305-4f` (UTC second, process), `…-4f-2` for the second one of a second. */
export function idSource(wallSeconds: () => number): () => string {
  let last = "";
  let count = 0;
  const own = process.pid.toString(36);
  return () => {
    const second = new Date(wallSeconds() * 1000).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    // A clock that is set back must not make an id twice.
    count = second <= last ? count + 1 : 1;
    last = second <= last ? last : second;
    return `${last}-${own}${count === 1 ? "" : `-${count}`}`;
  };
}
