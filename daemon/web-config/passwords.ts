// Passwords against their bcrypt hashes. A comparison is slow on purpose, so right ones are remembered, and wrong ones may not
// take the machine: one comparison at a time, a rest after each that fails, and only so many that wait.
import { createHmac, randomBytes } from "node:crypto";
import { HttpError } from "../http-error.ts";

export interface Attempt {
  user: string;
  password: string;
  /** The client's address: one that floods fills its own places only. */
  from: string;
}

export interface Passwords {
  /** @throws HttpError 429 when too many comparisons wait already */
  areRight(users: ReadonlyMap<string, string>, attempt: Attempt): Promise<boolean>;
}

const REMEMBERED = 100;
const WAITING = 16;
const WAITING_OF_ONE_CLIENT = 4;
/** Wrong passwords take at most a fifth of one core. */
const REST_FACTOR = 4;

const DEFAULT_COST = "10";

export type Compare = (password: string, hash: string) => Promise<boolean>;

/** @param compare default: bcrypt, loaded when the first password is compared */
export function createPasswords(compare: Compare = bcryptCompare): Passwords {
  const secret = randomBytes(32);
  // Salt and digest for names that nobody has: what they are compared with is nobody's password.
  const nobody = randomBytes(40).toString("base64url").slice(0, 53).replace(/[-_]/g, "/");
  // Two memories: no flood of wrong passwords drives a right one out.
  const right = new Recent();
  const wrong = new Recent();
  const underWay = new Map<string, Promise<boolean>>();
  const waitingOf = new Map<string, number>();
  let waiting = 0;
  let turn: Promise<void> = Promise.resolve();

  const digest = (parts: readonly string[]) =>
    createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64");

  const compareInTurn = async (password: string, hash: string): Promise<boolean> => {
    const mine = turn;
    let pass = (): void => undefined;
    turn = new Promise((resolve) => {
      pass = resolve;
    });
    await mine;
    const begun = performance.now();
    let isRight = false;
    try {
      isRight = await compare(password, hash);
      return isRight;
    } finally {
      setTimeout(pass, isRight ? 0 : REST_FACTOR * (performance.now() - begun)).unref();
    }
  };

  const compareOnce = async (key: string, hash: string, isKnown: boolean, { password, from }: Attempt) => {
    const ofClient = waitingOf.get(from) ?? 0;
    if (waiting >= WAITING || ofClient >= WAITING_OF_ONE_CLIENT)
      throw new HttpError(429, "too_many_attempts", "too many passwords are being compared: try again later");
    waiting++;
    waitingOf.set(from, ofClient + 1);
    try {
      const isRight = (await compareInTurn(password, hash)) && isKnown;
      (isRight ? right : wrong).add(key);
      return isRight;
    } finally {
      waiting--;
      const left = (waitingOf.get(from) ?? 1) - 1;
      if (left === 0) waitingOf.delete(from);
      else waitingOf.set(from, left);
    }
  };

  return {
    areRight(users, attempt) {
      const known = users.get(attempt.user);
      const hash = known ?? `$2b$${costForNobody(users, digest([attempt.user]))}$${nobody}`;
      const key = digest([attempt.user, hash, attempt.password]);
      if (known !== undefined && right.has(key)) return Promise.resolve(true);
      if (wrong.has(key)) return Promise.resolve(false);
      const same = underWay.get(key);
      if (same !== undefined) return same;
      const comparison = compareOnce(key, hash, known !== undefined, attempt).finally(() => underWay.delete(key));
      underWay.set(key, comparison);
      return comparison;
    },
  };
}

/** An unknown name costs as much as a known one: where the costs differ, always the same one of them. */
function costForNobody(users: ReadonlyMap<string, string>, digest: string): string {
  const costs = [...users.values()].map((hash) => hash.slice(4, 6));
  return costs[Buffer.from(digest, "base64").readUInt32LE() % Math.max(1, costs.length)] ?? DEFAULT_COST;
}

async function bcryptCompare(password: string, hash: string): Promise<boolean> {
  const { default: bcrypt } = await import("bcrypt");
  return bcrypt.compare(password, hash);
}

/** What was added or asked for last. */
class Recent {
  readonly #keys = new Set<string>();

  has(key: string): boolean {
    if (!this.#keys.has(key)) return false;
    this.add(key);
    return true;
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > REMEMBERED && oldest !== undefined) this.#keys.delete(oldest);
  }
}
