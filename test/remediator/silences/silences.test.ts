import { describe, expect, test } from "vitest";
import type { Notice } from "../../../remediator/intake/notice.ts";
import { SilenceGate } from "../../../remediator/silences/gate.ts";
import { Silences } from "../../../remediator/silences/silences.ts";

const ALERTMANAGER = { url: "http://am", credentialsFile: undefined, timeoutSeconds: 2 };
const OF_W = [
  { id: "s-1", status: { state: "active" }, createdBy: "ann", comment: "", matchers: [{ name: "worker", value: "w" }] },
];
const W = { alertname: "PitcrewWorkerTooOld", worker: "w" };

/** An Alertmanager whose answers a test decides, one by one. */
function desk() {
  const lines: string[] = [];
  const asked: { answer: (body: unknown) => void; fail: (cause: Error) => void }[] = [];
  let mono = 0;
  const note = (message: string) => void lines.push(message);
  const silences = new Silences({
    config: () => ALERTMANAGER,
    ask: () => new Promise((answer, fail) => void asked.push({ answer, fail })),
    monotonic: () => mono,
    log: { info: note, warn: note },
  });
  return {
    silences,
    lines,
    asked,
    pass: (seconds: number) => {
      mono += seconds;
    },
    kind: (labels = W) => silences.verdict(labels).kind,
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe("silences", () => {
  test("are asked for when somebody wants to know, and hold back what they cover", async () => {
    const { asked, kind, settled, silences } = desk();
    expect(silences.known).toBe("unknown");
    expect(kind()).toBe("asking");
    expect(kind()).toBe("asking");
    expect(asked).toHaveLength(1);
    asked[0]?.answer(OF_W);
    await settled();
    expect(kind()).toBe("silenced");
    expect(kind({ ...W, worker: "other" })).toBe("free");
    expect(silences.known).toBe("known");
    expect(asked).toHaveLength(1);
  });

  test("are asked for again after some seconds; the former answer counts until the next one is there", async () => {
    const { asked, kind, pass, settled } = desk();
    kind();
    asked[0]?.answer(OF_W);
    await settled();
    pass(11);
    expect(kind()).toBe("silenced");
    expect(asked).toHaveLength(2);
    asked[1]?.answer([]);
    await settled();
    expect(kind()).toBe("free");
  });

  test("of long ago do not count: the guard waits for the answer", async () => {
    const { asked, kind, pass, settled } = desk();
    kind();
    asked[0]?.answer(OF_W);
    await settled();
    pass(3600);
    expect(kind()).toBe("asking");
  });

  test("that nobody tells hold nothing back; that is said once, and once when they are known again", async () => {
    const { asked, kind, lines, pass, settled, silences } = desk();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      kind();
      asked[attempt]?.fail(new Error("ECONNREFUSED"));
      await settled();
      expect(kind()).toBe("free");
      pass(11);
    }
    expect(silences.known).toBe("unknown");
    expect(lines).toEqual(["Alertmanager does not answer: the guard acts without regard to silences"]);
    kind();
    asked[3]?.answer(OF_W);
    await settled();
    expect(kind()).toBe("silenced");
    expect(lines).toHaveLength(2);
  });

  test("in an answer that is no list are not known", async () => {
    const { asked, kind, settled } = desk();
    kind();
    asked[0]?.answer({ code: 404 });
    await settled();
    expect(kind()).toBe("free");
  });
});

describe("of the guard's notices", () => {
  function notice(wanted: Partial<Notice> = {}): Notice {
    return { source: "guard", status: "firing", labels: W, startsAt: undefined, ...wanted };
  }
  const silence = { id: "s-1", createdBy: "ann", comment: "", matchers: [] };

  test("one that is silenced waits, and is noted once for as long as it is held back", () => {
    const notes: string[] = [];
    let verdict: ReturnType<Silences["verdict"]> = { kind: "silenced", silence };
    const gate = new SilenceGate({ verdict: () => verdict }, ({ labels }) => void notes.push(String(labels.worker)));
    expect(gate.pass([notice()])).toEqual([]);
    expect(gate.pass([notice()])).toEqual([]);
    expect(notes).toEqual(["w"]);
    verdict = { kind: "free" };
    expect(gate.pass([notice()])).toHaveLength(1);
    verdict = { kind: "silenced", silence };
    expect(gate.pass([notice()])).toEqual([]);
    expect(notes).toEqual(["w", "w"]);
  });

  test("an emergency passes without a question, and so does one that has resolved", () => {
    const verdict = () => {
      throw new Error("asked");
    };
    const emergency = notice({ labels: { ...W, guard: "always" } });
    const resolved = notice({ status: "resolved" });
    expect(new SilenceGate({ verdict }, () => undefined).pass([emergency, resolved])).toEqual([emergency, resolved]);
  });

  test("one waits while Alertmanager is being asked", () => {
    expect(new SilenceGate({ verdict: () => ({ kind: "asking" }) }, () => undefined).pass([notice()])).toEqual([]);
  });
});
