// What `pitcrew units` writes: that systemd reads back what pitcrew.yml says, and that nothing of others is touched.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difference } from "../../../remediator/units/difference.ts";
import { driftLines } from "../../../remediator/units/drift.ts";
import { planUnits } from "../../../remediator/units/plan.ts";
import { plainPath, quoted } from "../../../remediator/units/quote.ts";
import { workerUnit } from "../../../remediator/units/worker-unit.ts";
import type { Launch, ManagerSpec, WorkerSpec } from "../../../worker/spec.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { config, spec } from "../incidents/builders.ts";
import { ruleOf } from "./polkit-rule.ts";
import { readItems } from "./systemd-syntax.ts";

const CONTEXT = {
  configFile: "/etc/pitcrew/pitcrew.yml",
  runDirectory: "/run/pitcrew",
  user: "pitcrew",
  group: "pitcrew",
};
const LAUNCH: Launch = { argv: ["python3", "train.py"], directory: "/opt/train", environment: {} };
const anyText = fc.string({ unit: "grapheme" }).filter((text) => !/[\n\r\0]/.test(text));

function settingOf(text: string, key: string): string {
  const line = text.split("\n").find((it) => it.startsWith(`${key}=`));
  if (line === undefined) throw new Error(`no ${key}`);
  return line.slice(key.length + 1);
}

function unit(launch: Partial<Launch> = {}, wanted: Partial<WorkerSpec> = {}): string {
  const whole = { ...LAUNCH, ...launch };
  const manager: ManagerSpec = { kind: "supervised", launch: whole, restart: "always" };
  return workerUnit(spec({ name: "train-1", manager, ...wanted }), whole, CONTEXT);
}

describe("a worker's command", () => {
  test("is read back by systemd as the very arguments", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 6 }), (args) => {
        const line = settingOf(unit({ argv: ["/bin/work", ...args] }), "ExecStart");
        // Behind a colon a dollar is a dollar.
        expect(line.startsWith(":")).toBe(true);
        expect(readItems(line.slice(1))).toEqual(["/bin/work", ...args]);
      }),
    );
  });

  test.each([
    [["python3"], '"python3"'],
    [["./bin/work"], '"/opt/train/bin/work"'],
    [
      ["/opt/100%/work", "50%", "$HOME", "a b", 'say "x"', "\\", ";", ""],
      String.raw`"/opt/100%%/work" "50%%" "$HOME" "a b" "say \"x\"" "\\" ";" ""`,
    ],
  ])("%j is %s", (argv, line) => {
    expect(settingOf(unit({ argv }), "ExecStart")).toBe(`:${line}`);
  });

  test("with a line break is refused, and it says whose it is", () => {
    expect(() => unit({ argv: ["/bin/sh", "-c", "a\nb"] })).toThrow(
      /^train-1: its command holds a line break or a NUL/,
    );
    expect(() => unit({ environment: { A: "x\ny" } })).toThrow(/^train-1: its variable A holds a line break/);
    expect(() => unit({ directory: "/opt/a\n" })).toThrow(/^train-1: its directory holds a line break/);
    expect(() => unit({ argv: ["+work"] })).toThrow("train-1: a command cannot begin with +: write its path");
  });
});

test("a directory may hold what systemd gives a meaning to elsewhere, but not what it drops", () => {
  expect(plainPath('/a b/$x/"%"', "it")).toBe('/a b/$x/"%%"');
  expect(() => plainPath("/a ", "it")).toThrow(/begins or ends with what systemd would drop/);
  expect(() => plainPath("/a\\", "it")).toThrow(/would drop/);
});

test("a variable is read back by systemd with its value", () => {
  fc.assert(
    fc.property(anyText, (value) => {
      expect(readItems(quoted(`A=${value}`, "it"))).toEqual([`A=${value}`]);
    }),
  );
});

test("a worker's unit says who it is, whose, and that pitcrew alone starts it again", () => {
  const text = unit(
    { user: "train", environment: { OMP_NUM_THREADS: "4" } },
    { stop: { drainSeconds: 0, signal: "SIGINT", graceSeconds: 20 } },
  );
  const settings = [
    "User=train",
    "WorkingDirectory=/opt/train",
    "Restart=no",
    "KillSignal=SIGINT",
    "TimeoutStopSec=20",
    "KillMode=mixed",
  ];
  for (const line of [
    ...settings,
    "Slice=pitcrew-workers.slice",
    "OOMScoreAdjust=300",
    "Type=exec",
    "StartLimitIntervalSec=0",
  ])
    expect(text.split("\n")).toContain(line);
  const variables = text
    .split("\n")
    .flatMap((line) => (line.startsWith("Environment=") ? readItems(line.slice(12)) : []));
  expect(variables).toEqual(
    expect.arrayContaining([
      "PITCREW_WORKER=train-1",
      "PITCREW_RUN_DIRECTORY=/run/pitcrew",
      "MALLOC_ARENA_MAX=2",
      "OMP_NUM_THREADS=4",
    ]),
  );
  expect(text).not.toMatch(/NOTIFY|WATCHDOG|CREDENTIALS/);
  expect(settingOf(unit(), "User")).toBe("pitcrew");
});

describe("the plan", () => {
  const supervised = (name: string): WorkerSpec =>
    spec({ name, manager: { kind: "supervised", launch: LAUNCH, restart: "always" } });
  const encoder: ManagerSpec = { kind: "systemd", unit: "encoder@1.service" };
  const own: ManagerSpec = { kind: "systemd", unit: "own.service", user: "alice" };

  function site(...workers: WorkerSpec[]) {
    const root = temporaryDirectory();
    const plan = (these = workers, account = { user: "pitcrew", group: "pitcrew" }) =>
      planUnits({ config: { ...config({ workers: these }), file: "/etc/pitcrew/pitcrew.yml" }, account, root });
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const apply = (these = workers) => {
      for (const { kind, path, after } of plan(these).changes) {
        if (kind === "write") put(path, after);
        else rmSync(join(root, path));
      }
    };
    return { root, plan, put, apply };
  }

  test("is empty once it was carried out, and takes away what is not configured any more", () => {
    const { plan, apply } = site(supervised("a"), supervised("b"), spec({ name: "encoder", manager: encoder }));
    expect(plan().changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "write /etc/systemd/system/pitcrew-worker-a.service",
      "write /etc/systemd/system/pitcrew-worker-b.service",
      "write /etc/systemd/system/pitcrew-workers.slice.d/50-pitcrew-workers.conf",
      "write /etc/tmpfiles.d/pitcrew-workers.conf",
      "write /etc/polkit-1/rules.d/49-pitcrew.rules",
    ]);
    apply();
    expect(plan()).toEqual({ changes: [], problems: [] });
    expect(plan([supervised("a")]).changes.filter(({ kind }) => kind === "remove")).toMatchObject([
      { unit: "pitcrew-worker-b.service" },
    ]);
    apply([]);
    apply([]);
    expect(plan([]).changes).toEqual([]);
  });

  test("leaves alone what it has not written: a template, a file of the same name", () => {
    const { plan, put } = site(supervised("a"));
    put("/etc/systemd/system/pitcrew-worker@.service", "[Service]\n");
    put("/etc/systemd/system/pitcrew-worker-old.service", "[Service]\n# Written by `pitcrew units`, somebody says\n");
    put("/etc/systemd/system/pitcrew-worker-a.service", "[Service]\nExecStart=/mine\n");
    const { changes, problems } = plan();
    expect(changes.map(({ kind }) => kind)).not.toContain("remove");
    expect(changes.map(({ unit: it }) => it)).not.toContain("pitcrew-worker-a.service");
    expect(problems).toEqual([
      "/etc/systemd/system/pitcrew-worker-a.service is not pitcrew's: move it away, or rename the worker",
    ]);
  });

  test("lets the remediator use exactly the system's units, by name and by verb", () => {
    const { root, apply } = site(
      supervised("a"),
      spec({ name: "e", manager: encoder }),
      spec({ name: "o", manager: own }),
    );
    apply();
    const allows = ruleOf(readFileSync(join(root, "/etc/polkit-1/rules.d/49-pitcrew.rules"), "utf8"));
    const asked = {
      id: "org.freedesktop.systemd1.manage-units",
      unit: "pitcrew-worker-a.service",
      verb: "start",
      user: "pitcrew",
    };
    for (const verb of ["start", "stop", "restart", "kill", "reset-failed"])
      expect(allows({ ...asked, verb })).toBe("yes");
    expect(allows({ ...asked, unit: "encoder@1.service" })).toBe("yes");
    for (const other of [
      { unit: "own.service" },
      { unit: "ssh.service" },
      { unit: "pitcrew-worker-a.service.d" },
      { unit: undefined, verb: undefined },
      { verb: "set-property" },
      { user: "train" },
      { id: "org.freedesktop.systemd1.manage-unit-files" },
    ])
      expect(allows({ ...asked, ...other })).toBe("not handled");
  });

  test("where the remediator is root, workers' records are still for its group, and no rule gives a right", () => {
    const { plan } = site(supervised("a"));
    const { changes } = plan(undefined, { user: "root", group: "pitcrew" });
    expect(changes.map(({ path }) => path)).not.toContain("/etc/polkit-1/rules.d/49-pitcrew.rules");
    expect(changes.find(({ path }) => path === "/etc/tmpfiles.d/pitcrew-workers.conf")?.after.split("\n")).toEqual([
      expect.stringMatching(/^# /),
      'd "/nowhere/run" 0755 root pitcrew -',
      'd "/nowhere/run/workers" 0755 root pitcrew -',
      'd "/nowhere/run/workers/a" 2770 root pitcrew -',
      "",
    ]);
  });

  test("as check tells it: nothing yet, what differs, and that all is well", () => {
    const { root, plan, put, apply } = site(supervised("a"));
    const lines = () => driftLines(config({ workers: [supervised("a")] }), plan());
    expect(lines()).toEqual([expect.stringMatching(/^supervised workers run without units/)]);
    apply();
    expect(lines()).toEqual(["as pitcrew.yml wants them"]);
    const path = "/etc/systemd/system/pitcrew-worker-a.service";
    put(path, readFileSync(join(root, path), "utf8").replace("Restart=no", "Restart=always"));
    put("/etc/systemd/system/pitcrew-worker-b.service", readFileSync(join(root, path), "utf8"));
    expect(lines()).toEqual([
      "pitcrew-worker-a.service is not what follows from pitcrew.yml",
      "pitcrew-worker-b.service belongs to no worker of pitcrew.yml any more",
      expect.stringContaining("sudo pitcrew units"),
    ]);
  });
});

test("a difference shows what goes and comes, and a little of what stays", () => {
  expect(difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n")).toEqual([" b", " c", "-d", "+X", " e", " f"]);
  expect(difference("", "a\n")).toEqual(["+a"]);
  expect(difference("a\n", "")).toEqual(["-a"]);
  expect(difference("a\n", "a\n")).toEqual([]);
});
