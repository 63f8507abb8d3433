// Who is the worker when a former one has left a child behind that looks like it? Asked of an observer that saw nothing of what was before.
import { expect, test } from "vitest";
import { signalIncarnation } from "../../../worker/signal.ts";
import { eventually } from "../../support/eventually.ts";
import { look, observing, tag } from "../observing.ts";
import { startPython } from "../python.ts";
import { matching, specOf } from "../spec-of.ts";

/** With FORKS set it leaves a child behind when it is killed; the command line is the same without. */
const WORK = `
if os.environ.get("FORKS") == "1":
    main = os.getpid()
    if os.fork() == 0:
        if os.environ.get("SESSION") == "1": os.setsid()
        tell("left", os.getpid())
        while os.getppid() == main: time.sleep(0.01)
        tell("orphaned", os.getpid())
        wait()
ready()
`;

function start(name: string, env: Record<string, string> = {}) {
  return startPython(WORK, { args: [name], env: { ...process.env, ...env } });
}

async function startedAndKilled(name: string, env: Record<string, string> = {}) {
  const former = await start(name, { FORKS: "1", ...env });
  const left = await former.hears("left");
  signalIncarnation(former.root, "SIGKILL");
  await former.hears("orphaned");
  return left;
}

function presenceOf(name: string) {
  const observer = observing([specOf({ manager: matching(new RegExp(name)) })]);
  return async () => (await look(observer)).presence;
}

test.each([{}, { SESSION: "1" }])(
  "the new worker is found beside the child that the former one left behind, %o",
  async (env) => {
    const name = tag();
    const left = await startedAndKilled(name, env);
    const presence = presenceOf(name);
    // Alone it is all that there is to see.
    expect(await presence()).toEqual({ kind: "up", incarnation: left });
    const { root } = await start(name);
    const up = { kind: "up", incarnation: root };
    await eventually(async () => JSON.stringify(await presence()) === JSON.stringify(up), {
      what: "the new worker",
      within: 60_000,
    });
    // An observer that starts now sees it at once.
    expect(await presenceOf(name)()).toEqual(up);
  },
);

test("two workers that were both started stay ambiguous, also beside such a child", async () => {
  const name = tag();
  await Promise.all([start(name), start(name)]);
  expect(await presenceOf(name)()).toMatchObject({ kind: "ambiguous", roots: 2 });
  await startedAndKilled(name);
  expect(await presenceOf(name)()).toMatchObject({ kind: "ambiguous", roots: 3 });
});

test("so do a forked one and a started one whose command lines differ", async () => {
  const name = tag();
  await startedAndKilled(`${name}-daemon`);
  await start(name);
  expect(await presenceOf(name)()).toMatchObject({ kind: "ambiguous", roots: 2 });
});
