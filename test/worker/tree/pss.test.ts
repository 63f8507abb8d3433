import { describe, expect, test } from "vitest";
import { PssSampler } from "../../../worker/tree/pss.ts";
import { type FixtureProc, fixtureProc } from "../fixture-proc.ts";

const [a, b] = [5_000_001, 5_000_002];
const KIB = 1024;

interface Timed {
  sampler: PssSampler;
  sample: PssSampler["sample"];
  wait: (ms: number) => void;
}

/** A clock that moves while a sample is being taken, by `readMs`, and otherwise only when told. */
function timed(proc: FixtureProc, readMs = 10): Timed {
  let now = 0;
  const wait = (ms: number) => {
    now += ms;
  };
  const sampler = new PssSampler(proc.root, () => now);
  const sample: PssSampler["sample"] = (...args) => {
    const reading = sampler.sample(...args);
    wait(readMs);
    return reading;
  };
  return { sampler, sample, wait };
}

const bytesOf = (kib: number) => ({ kind: "ok", pssBytes: kib * KIB, ussBytes: undefined });

describe("PSS", () => {
  test("of a tree is the sum over its members; the gone count nothing", async () => {
    const proc = fixtureProc([
      { pid: a, pssKib: 300 },
      { pid: b, pssKib: 20 },
    ]);
    const sampler = new PssSampler(proc.root);
    expect(await sampler.sample("w", "k", [a, b, 5_000_009], false)).toEqual(bytesOf(320));
  });

  test("is unreadable if one member's is, or if there is none at all", async () => {
    const proc = fixtureProc([{ pid: a, pssKib: 300 }, { pid: b }]);
    proc.write(`${b}/smaps_rollup`, "Rss: 5 kB\n");
    const sampler = new PssSampler(proc.root);
    expect(await sampler.sample("w", "k", [a, b], true)).toEqual({ kind: "unreadable" });
    expect(await sampler.sample("w", "k", [5_000_009], true)).toEqual({ kind: "unreadable" });
  });

  test("of ourselves is between one and a thousand MiB", async () => {
    const read = await new PssSampler("/proc").sample("w", "k", [process.pid], false);
    const mebibytes = read.kind === "ok" ? read.pssBytes / KIB / KIB : 0;
    expect(mebibytes).toBeGreaterThan(1);
    expect(mebibytes).toBeLessThan(1000);
  });

  test("is read again only after twenty times the time that reading took", async () => {
    const proc = fixtureProc([{ pid: a, pssKib: 1 }]);
    const { sample, wait } = timed(proc);
    expect(await sample("w", "k", [a], false)).toEqual(bytesOf(1));
    proc.put({ pid: a, pssKib: 2 });
    wait(180);
    expect(await sample("w", "k", [a], false)).toEqual(bytesOf(1));
    wait(30);
    expect(await sample("w", "k", [a], false)).toEqual(bytesOf(2));
  });

  test("is read at once for who must act, and for another incarnation", async () => {
    const proc = fixtureProc([
      { pid: a, pssKib: 1 },
      { pid: b, pssKib: 7 },
    ]);
    const { sample } = timed(proc, 1000);
    await sample("w", "k", [a], false);
    proc.put({ pid: a, pssKib: 2 });
    expect(await sample("w", "k", [a], true)).toEqual(bytesOf(2));
    expect(await sample("w", "k2", [b], false)).toEqual(bytesOf(7));
  });

  test("of many workers shares one ration; who no longer needs it gives its part back", async () => {
    const proc = fixtureProc([
      { pid: a, pssKib: 1 },
      { pid: b, pssKib: 1 },
    ]);
    const { sampler, sample, wait } = timed(proc);
    await sample("w1", "k", [a], false);
    await sample("w2", "k", [b], false);
    proc.put({ pid: b, pssKib: 2 });
    wait(250);
    expect(await sample("w2", "k", [b], false)).toEqual(bytesOf(1));
    sampler.forget("w1");
    expect(await sample("w2", "k", [b], false)).toEqual(bytesOf(2));
  });

  test("that is being read is not read twice", async () => {
    const proc = fixtureProc([{ pid: a, pssKib: 1 }]);
    const sampler = new PssSampler(proc.root);
    const first = sampler.sample("w", "k", [a], true);
    expect(sampler.sample("w", "k", [a], true)).toBe(first);
    await first;
    expect(sampler.sample("w", "k", [a], true)).not.toBe(first);
  });
});
