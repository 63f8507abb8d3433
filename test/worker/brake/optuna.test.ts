// The Python brake under Debian's Optuna, with a SQLite study as real studies have.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DEBIAN_PYTHON, ensureOptuna } from "../../../setup/optuna.mjs";
import { eventually } from "../../support/eventually.ts";
import { createSite, runCommand, startPitcrew } from "../../support/pitcrew.ts";
import { runTool } from "../../support/run-tool.ts";
import { createPlace, LIBRARY, scriptOf } from "./python-brake.ts";

const TIMEOUT = 120_000;
let optuna: { PYTHONPATH: string; LD_LIBRARY_PATH: string };
beforeAll(async () => {
  optuna = await ensureOptuna({ say: () => {} });
}, 300_000);

const STUDY = `
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
def study(folder):
    return optuna.create_study(
        storage="sqlite:///" + folder + "/study.db", study_name="s", load_if_exists=True,
        sampler=optuna.samplers.RandomSampler())
def states(folder):
    return [trial.state.name for trial in study(folder).trials]
`;

function environment(base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...base, ...optuna, PYTHONPATH: `${LIBRARY}:${optuna.PYTHONPATH}` };
}

async function runOptuna(body: string) {
  const place = createPlace();
  const env = environment(place.environment);
  const run = (text: string) => runTool(DEBIAN_PYTHON, ["-c", scriptOf(STUDY + text), place.runDirectory], { env });
  const { code, stdout, stderr } = await run(body);
  const after = await run("print(json.dumps(states(sys.argv[1])))");
  if (after.code !== 0) throw new Error(after.stderr);
  return { code, stdout, stderr, states: JSON.parse(after.stdout) as string[], place };
}

describe("a trial that the brake kills", () => {
  test("is PRUNED, and the one at the limit FAIL: none stays RUNNING", { timeout: TIMEOUT }, async () => {
    const { code, states, stderr } = await runOptuna(
      `brake = low(limit=3)
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 0: return x
    brake.check(trial, "split 1")
study(sys.argv[1]).optimize(objective, n_trials=20, callbacks=[brake.optuna()])`,
    );
    expect(stderr).toContain("Trial #1 (split 1) killed (brake #1)");
    expect({ code, states }).toEqual({ code: 42, states: ["COMPLETE", "PRUNED", "PRUNED", "FAIL"] });
  });

  test('is FAIL with optuna="fail", which samplers ignore', { timeout: TIMEOUT }, async () => {
    const { code, states } = await runOptuna(
      `brake = low(limit=0, optuna="fail")
study(sys.argv[1]).optimize(lambda trial: brake.check(trial), n_trials=3, catch=(TrialKilled,))`,
    );
    expect({ code, states }).toEqual({ code: 0, states: ["FAIL", "FAIL", "FAIL"] });
  });

  test("is one of several in threads: the worker leaves with 42 and none stays RUNNING", {
    timeout: TIMEOUT,
  }, async () => {
    const { code, states } = await runOptuna(
      `brake = low(limit=6)
study(sys.argv[1]).optimize(lambda trial: brake.check(trial), n_trials=50, n_jobs=3, callbacks=[brake.optuna()])`,
    );
    expect(code).toBe(42);
    expect(states).not.toContain("RUNNING");
  });
});

test("a study that is recycled again and again has all its trials COMPLETE, none RUNNING, none twice", {
  timeout: TIMEOUT,
}, async () => {
  const trials = 12;
  const script = `
import json, os, sys, time
import optuna
from pitcrew_brake import Brake
study = optuna.create_study(storage="sqlite:///" + sys.argv[1] + "/study.db", study_name="s", load_if_exists=True,
    sampler=optuna.samplers.RandomSampler())
brake = Brake(threshold=1)
def until_asked_to_leave():
    asked = os.environ["PITCREW_RUN_DIRECTORY"] + "/study.request"
    while not (os.path.exists(asked) and json.load(open(asked))["pid"] == os.getpid()): time.sleep(0.02)
def objective(trial):
    brake.check(trial, "start")
    brake.check(trial, "split 2")
    if trial.number in (2, 6): until_asked_to_leave()
    with open(sys.argv[1] + "/done", "a") as done: done.write("%d %d\\n" % (trial.number, os.getpid()))
    return trial.suggest_float("x", 0, 1)
left = ${trials} - len(study.trials)
if left > 0: study.optimize(objective, n_trials=left, callbacks=[brake.optuna()])
print("states", sorted((t.number, t.state.name) for t in study.trials), flush=True)
`;
  const site = createSite({
    remediator: "  guard: {when: always, interval: 200ms}",
    workers: (own) => `  - name: study
    command: [${DEBIAN_PYTHON}, -B, ${join(own.directory, "study.py")}, ${own.directory}]
    environment: {PYTHONPATH: "${environment({}).PYTHONPATH}", LD_LIBRARY_PATH: "${optuna.LD_LIBRARY_PATH}"}
    stop: {drain: 60s, grace: 10s}
    cooldown: 0s
    start_interval: 100ms`,
  });
  writeFileSync(join(site.directory, "study.py"), script);
  const pitcrew = await startPitcrew(site);
  const done = join(site.directory, "done");
  const rows = () => (existsSync(done) ? readFileSync(done, "utf8").trimEnd().split("\n") : []);
  for (const count of [2, 6]) {
    await eventually(() => rows().length >= count, { what: `trial ${count}`, within: 60_000 });
    const { stderr } = await runCommand(["recycle", "study", "--wait", "--config.file", site.configFile]);
    expect(stderr).toBe("");
  }
  await eventually(async () => (await pitcrew.worker("study")).desired === "down", {
    what: "the study to finish",
    within: 60_000,
  });
  const log = readFileSync(join(site.logDirectory, "study.log"), "utf8");
  const expected = [...Array(trials).keys()].map((number) => `(${number}, 'COMPLETE')`).join(", ");
  expect(log).toContain(`states [${expected}]`);
  expect(rows().map((row) => Number(row.split(" ")[0]))).toEqual([...Array(trials).keys()]);
  expect(new Set(rows().map((row) => row.split(" ")[1])).size).toBe(3);
  expect((await pitcrew.worker("study")).restarts).toEqual({ operator: 2 });
});
