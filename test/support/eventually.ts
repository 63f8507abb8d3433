// Waits for a condition of the real world by looking again and again: tests never sleep for a guessed time.

export type NonFalsy<T> = Exclude<T, false | null | undefined | 0 | "" | 0n>;

export interface EventuallyOptions {
  /** Completes the sentence "timed out waiting for …". */
  what: string;
  /** Milliseconds; generous by default, since a busy machine is slow and a passing test never waits that long. */
  within?: number;
}

const POLL_MS = 15;

/**
 * Polls until the probe gives something truthy and resolves with it.
 * @throws what the probe throws, or "timed out waiting for <what>".
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  { what, within = 60_000 }: EventuallyOptions,
): Promise<NonFalsy<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const value = await probe();
    if (isNonFalsy(value)) return value;
    if (performance.now() >= deadline) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isNonFalsy<T>(value: T): value is NonFalsy<T> & T {
  return Boolean(value);
}
