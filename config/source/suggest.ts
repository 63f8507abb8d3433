// "Did you mean": the nearest known word, if it is near enough to be a slip of the fingers or an abbreviation.

export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = normalise(word);
  const slip = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, normalise(candidate), slip) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= slip ? best.candidate : undefined;
}

/** `run_dir` for `run_directory`, `TERM` for `SIGTERM`: what holds the other whole counts as the largest slip. */
function distanceOf(wanted: string, candidate: string, slip: number): number {
  const distance = editDistance(wanted, candidate);
  const shorter = Math.min(wanted.length, candidate.length);
  const contained = shorter >= 4 && (candidate.includes(wanted) || wanted.includes(candidate));
  return contained ? Math.min(distance, slip) : distance;
}

/** `drainTimeout`, `drain-timeout` and `drain_timeout` are the same word to the one who wrote it. */
function normalise(word: string): string {
  return word.slice(0, 64).toLowerCase().replace(/[-\s]/g, "_").replaceAll("_", "");
}

/** Damerau-Levenshtein with adjacent swaps: a swap of two letters counts once. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
