// How systemd is asked: together, one at a time, and never waited for by a look.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CommandResult } from "../../../../remediator/managers/systemd/systemctl.ts";
import { UnitStates } from "../../../../remediator/managers/systemd/unit-states.ts";
import { eventually } from "../../../support/eventually.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";
import { shown } from "./shown.ts";

interface Asked {
  units: readonly string[];
  answer: (result: CommandResult) => void;
}

function states(cgroupRoot = temporaryDirectory()) {
  const asked: Asked[] = [];
  const news: string[] = [];
  const troubles: string[] = [];
  const known = new UnitStates({
    systemctl: (_user, args) =>
      new Promise((answer) => asked.push({ units: args.slice(args.indexOf("--") + 1), answer })),
    monoSeconds: () => 1,
    onNews: ({ name }) => news.push(name),
    onTrouble: (message) => troubles.push(message),
    cgroupRoot,
  });
  return { asked, news, troubles, known };
}

const ok = (text: string): CommandResult => ({ kind: "ok", text });
const A = { name: "a.service" };
const B = { name: "b.service" };

test("all that is asked for during one look goes into one question, and each gets its own answer", async () => {
  const { asked, news, known } = states();
  const answers = [known.refresh(A), known.refresh(B), known.refresh(A)];
  await eventually(() => asked.length === 1, { what: "the question" });
  expect(asked[0]?.units).toEqual(["a.service", "b.service"]);
  // An alias answers with the name of the unit that it stands for.
  asked[0]?.answer(ok(`${shown({ Id: "a.service", MainPID: 1 })}\n${shown({ Id: "real.service", MainPID: 2 })}`));
  expect((await Promise.all(answers)).map((state) => state?.mainPid)).toEqual([1, 2, 1]);
  expect(known.last(B)?.state.name).toBe("real.service");
  expect(news).toEqual(["a.service", "b.service"]);
});

test("a systemd that does not answer is asked once, by one client, and complained of once", async () => {
  const { asked, troubles, known } = states();
  const first = known.refresh(A);
  await eventually(() => asked.length === 1, { what: "the question" });
  const later = [known.refresh(A), known.refresh(B)];
  await new Promise(setImmediate);
  expect(asked).toHaveLength(1);
  asked[0]?.answer({ kind: "failed", message: "systemctl did not answer within 5 s" });
  expect(await first).toBeUndefined();
  await eventually(() => asked.length === 2, { what: "the next question" });
  asked[1]?.answer({ kind: "failed", message: "systemctl did not answer within 5 s" });
  expect(await Promise.all(later)).toEqual([undefined, undefined]);
  expect(troubles).toEqual(["systemctl did not answer within 5 s"]);
});

test("an answer that is cut short is no answer", async () => {
  const { asked, troubles, known } = states();
  const answers = [known.refresh(A), known.refresh(B)];
  await eventually(() => asked.length === 1, { what: "the question" });
  asked[0]?.answer(ok(shown()));
  expect(await Promise.all(answers)).toEqual([undefined, undefined]);
  expect(troubles).toEqual(["systemctl show: an answer is cut"]);
});

test.each(["", "unified"])(
  "a unit that has lost its last process is asked about at once (cgroup v2 at /%s)",
  async (mount) => {
    const root = temporaryDirectory();
    const group = join(root, mount, "system.slice", "w.service");
    mkdirSync(group, { recursive: true });
    if (mount === "") writeFileSync(join(root, "cgroup.controllers"), "");
    writeFileSync(join(group, "cgroup.events"), "populated 1\nfrozen 0\n");
    const { asked, news, known } = states(root);
    void known.refresh(A);
    await eventually(() => asked.length === 1, { what: "the question" });
    asked[0]?.answer(ok(shown()));
    await eventually(() => news.length === 1, { what: "the answer" });
    // The last process ends.
    writeFileSync(join(group, "cgroup.events"), "populated 0\nfrozen 0\n");
    await eventually(() => asked.length === 2, { what: "the question that follows" });
    asked[1]?.answer(ok(shown({ MainPID: 0, ControlGroup: "" })));
    await eventually(() => news.length >= 2, { what: "news" });
  },
);
