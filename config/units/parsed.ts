// What every unit parser returns: the value, or a sentence that says what to write instead.

export type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string };

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused<T>(problem: string): Parsed<T> {
  return { ok: false, problem };
}
