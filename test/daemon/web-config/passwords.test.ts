import bcrypt from "bcrypt";
import { describe, expect, test } from "vitest";
import { createPasswords } from "../../../daemon/web-config/passwords.ts";
import { eventually } from "../../support/eventually.ts";

const hashOf = (name: string) => `$2b$10$${name}`;
const USERS = new Map([
  ["alice", hashOf("alice's")],
  ["bob", hashOf("bob's")],
]);

/** A comparison that takes no time unless a test lets it wait, and is written down. */
function createFake() {
  const compared: { password: string; hash: string; begunMs: number }[] = [];
  let running = 0;
  let mostAtOnce = 0;
  let gate: Promise<void> = Promise.resolve();
  const passwords = createPasswords(async (password, hash) => {
    compared.push({ password, hash, begunMs: performance.now() });
    mostAtOnce = Math.max(mostAtOnce, ++running);
    await gate;
    running--;
    return hash === hashOf(`${password}'s`);
  });
  return {
    passwords,
    compared,
    mostAtOnce: () => mostAtOnce,
    hold: () => {
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
  };
}

const attempt = (user: string, password: string, from = "10.0.0.1") => ({ user, password, from });
const outcome = (promise: Promise<boolean>) => promise.catch((error: { status: number }) => error.status);

describe("a password", () => {
  test("is compared with the user's own hash once, and then known: right or wrong", async () => {
    const { passwords, compared } = createFake();
    for (let i = 0; i < 3; i++) {
      expect(await passwords.areRight(USERS, attempt("alice", "alice"))).toBe(true);
      expect(await passwords.areRight(USERS, attempt("alice", "bob"))).toBe(false);
      expect(await passwords.areRight(USERS, attempt("bob", "alice"))).toBe(false);
    }
    expect(compared).toHaveLength(3);
  });

  test("that was right is so no longer when the hash is another, or the user gone", async () => {
    const { passwords } = createFake();
    expect(await passwords.areRight(USERS, attempt("alice", "alice"))).toBe(true);
    expect(await passwords.areRight(new Map([["alice", hashOf("new's")]]), attempt("alice", "alice"))).toBe(false);
    expect(await passwords.areRight(new Map(), attempt("alice", "alice"))).toBe(false);
  });

  test("of a name that nobody has is compared too, at the cost that the others have", async () => {
    const { passwords, compared } = createFake();
    const users = new Map([["alice", "$2b$12$x"]]);
    expect(await passwords.areRight(users, attempt("nobody", "alice"))).toBe(false);
    expect(compared.map(({ hash }) => hash)).toEqual([expect.stringMatching(/^\$2b\$12\$[./A-Za-z0-9]{53}$/)]);
  });

  test("of nobody is never right, not even if its comparison is", async () => {
    const passwords = createPasswords(() => Promise.resolve(true));
    expect(await passwords.areRight(USERS, attempt("nobody", "x"))).toBe(false);
    expect(await passwords.areRight(USERS, attempt("alice", "x"))).toBe(true);
  });

  test("is right for bcrypt when its hash says so, and so long that bcrypt cuts it, or empty", async () => {
    const passwords = createPasswords();
    for (const password of ["secret", "ü".repeat(60), ""]) {
      const users = new Map([["alice", await bcrypt.hash(password, 4)]]);
      expect(await passwords.areRight(users, attempt("alice", password))).toBe(true);
      expect(await passwords.areRight(users, attempt("alice", `x${password}`))).toBe(false);
      expect(await passwords.areRight(users, attempt("mallory", password))).toBe(false);
    }
  });
});

describe("many passwords at once", () => {
  test("are compared one at a time; the same one only once", async () => {
    const { passwords, compared, mostAtOnce } = createFake();
    const attempts = [attempt("alice", "alice"), attempt("alice", "a"), attempt("bob", "b"), attempt("alice", "alice")];
    expect(await Promise.all(attempts.map((one) => passwords.areRight(USERS, one)))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(mostAtOnce()).toBe(1);
    expect(compared).toHaveLength(3);
  });

  test("of one client wait in four places, and leave those of others free", async () => {
    const { passwords, hold } = createFake();
    const open = hold();
    const flood = Array.from({ length: 50 }, (_, i) =>
      outcome(passwords.areRight(USERS, attempt("alice", `guess ${i}`))),
    );
    const other = passwords.areRight(USERS, attempt("alice", "alice", "10.0.0.2"));
    open();
    const outcomes = await Promise.all(flood);
    expect(outcomes.filter((one) => one === false)).toHaveLength(4);
    expect(outcomes.filter((one) => one === 429)).toHaveLength(46);
    expect(await other).toBe(true);
    // A refusal is no verdict: the same guess is compared when there is room.
    expect(await passwords.areRight(USERS, attempt("alice", "guess 49"))).toBe(false);
  });

  test("of many clients are refused beyond sixteen, while a known password passes", async () => {
    const { passwords, hold } = createFake();
    expect(await passwords.areRight(USERS, attempt("alice", "alice"))).toBe(true);
    const open = hold();
    const flood = Array.from({ length: 40 }, (_, i) =>
      outcome(passwords.areRight(USERS, attempt("bob", `${i}`, `10.1.0.${i}`))),
    );
    expect(await passwords.areRight(USERS, attempt("alice", "alice", "10.1.0.1"))).toBe(true);
    open();
    expect((await Promise.all(flood)).filter((one) => one === 429)).toHaveLength(24);
  });

  test("that are wrong do not drive out the one that is right", async () => {
    const { passwords, compared } = createFake();
    await passwords.areRight(USERS, attempt("alice", "alice"));
    for (let i = 0; i < 101; i++) await passwords.areRight(USERS, attempt("alice", `guess ${i}`));
    const before = compared.length;
    expect(await passwords.areRight(USERS, attempt("alice", "alice"))).toBe(true);
    expect(compared).toHaveLength(before);
  });

  test("that are wrong take at most a fifth of one core: after each there is a rest of four times its work", async () => {
    const begun: number[] = [];
    const passwords = createPasswords(async () => {
      begun.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 20));
      return false;
    });
    const flood = [1, 2, 3].map((i) => passwords.areRight(USERS, attempt("alice", `${i}`)));
    await Promise.all(flood);
    const gaps = begun.slice(1).map((time, index) => time - (begun[index] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThan(5 * 19);
  });

  test("whose comparison fails leave the next its turn", async () => {
    let broken = true;
    const passwords = createPasswords(() => (broken ? Promise.reject(new Error("no memory")) : Promise.resolve(true)));
    await expect(passwords.areRight(USERS, attempt("alice", "a"))).rejects.toThrow("no memory");
    broken = false;
    await eventually(() => passwords.areRight(USERS, attempt("alice", "a")), { what: "the next turn" });
  });
});
