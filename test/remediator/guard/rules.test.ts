import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../config/package-root.ts";
import { loadRules, type RuleBook } from "../../../remediator/guard/rules.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const METRICS = ["memory", "limit", "a", "b", "up"];

function load(...texts: string[]): RuleBook {
  const folder = temporaryDirectory();
  return loadRules(
    texts.map((text, index) => {
      const file = join(folder, `${index}.rules.yml`);
      writeFileSync(file, text);
      return file;
    }),
    METRICS,
  );
}

/** A file with one group of these rules, each given as the lines of its mapping. */
function rules(...written: string[]): string {
  const items = written.map((lines) => `      - ${lines.trim().replaceAll("\n", "\n        ")}\n`);
  return `groups:\n  - name: g\n    rules:\n${items.join("")}`;
}

const RESTART = "alert: A\nexpr: memory > limit\nlabels: {remediation: restart}";

function messages(book: RuleBook): string[] {
  return book.problems.map(({ line, column, alert, message }) => `${line}:${column}: ${alert ?? "-"}: ${message}`);
}

describe("the rule files of the package", () => {
  test("load without a problem, and give every remediation its rules", () => {
    const book = loadRules([join(packageRoot(), "alerts", "workers.rules.yml")]);
    expect(book.problems).toEqual([]);
    expect(new Set(book.rules.map((rule) => rule.remediation))).toEqual(
      new Set(["restart", "relieve", "recycle", "restart_largest", "start"]),
    );
    expect(
      book.rules
        .filter((rule) => rule.guardAlways)
        .map((rule) => rule.alert)
        .sort(),
    ).toEqual(["PitcrewSystemMemoryCritical", "PitcrewWorkerMemoryOverLimit"]);
    expect(book.other.map((rule) => rule.alert)).toContain("PitcrewHeartbeat");
  });
});

describe("a rule that asks for action", () => {
  test("is read with all that the guard needs", () => {
    const book = load(
      rules(`
alert: A
expr: |
  memory
    > limit
for: 1m30s
labels: {remediation: restart, guard: always, reason: memory_limit, tier: 1, on: true}
annotations: {summary: "{{ $labels.worker }}"}`),
    );
    expect(book.problems).toEqual([]);
    expect(book.rules).toMatchObject([
      {
        alert: "A",
        remediation: "restart",
        forSeconds: 90,
        labels: { remediation: "restart", guard: "always", reason: "memory_limit", tier: "1", on: "true" },
        annotations: { summary: "{{ $labels.worker }}" },
        guardAlways: true,
        line: 4,
        column: 16,
        text: "memory\n  > limit",
      },
    ]);
  });

  test("gets the labels of its group, and its own over them", () => {
    const text =
      "groups:\n- name: g\n  labels: {remediation: recycle, tier: x}\n  rules:\n  - {alert: A, expr: a > 1}\n";
    expect(load(`${text}  - {alert: B, expr: a > 1, labels: {remediation: start}}\n`).rules).toMatchObject([
      { alert: "A", remediation: "recycle", labels: { tier: "x" } },
      { alert: "B", remediation: "start" },
    ]);
  });

  test("is told apart from rules for humans, the heartbeat and recording rules, whatever those evaluate", () => {
    const book = load(
      rules(
        "alert: Human\nexpr: sum(rate(x[5m])) > 1\nkeep_firing_for: 5m\nlabels: {severity: '{{ x }}'}",
        "alert: Beat\nexpr: max by (host) (x)\nlabels: {remediation: heartbeat}",
        "record: a:b\nexpr: sum(x)",
        "alert: Human\nexpr: x\nfor:\nlabels:",
      ),
    );
    expect(book.problems).toEqual([]);
    expect(book.rules).toEqual([]);
    expect(book.other.map((rule) => rule.alert)).toEqual(["Human", "Beat", "Human"]);
  });
});

describe("a problem", () => {
  test.each([
    [
      "alert: A\nexpr: sum(memory) > 1",
      "5:15: A: expr: an aggregation (sum(memory)) is outside the guard's subset: compare",
    ],
    ["alert: A\nexpr: up == 0 and rate(x[5m]) > 1", "5:27: A: expr: a function"],
    ["alert: A\nexpr: 'a > bool 1'", "5:20: A: expr: bool"],
    ["alert: A\nexpr: |\n  a > 1 +\n  2", "5:15: A: expr: arithmetic"],
    ['alert: A\nexpr: a{job="x"} > 1', "5:15: A: expr: mentions job, which only a scrape adds"],
    ["alert: A\nexpr: a > ignoring (instance, job) b", "5:15: A: expr: mentions job and instance"],
    [
      "alert: A\nexpr: a > 1\nkeep_firing_for: 5m",
      "6:26: A: keep_firing_for would renew a worker that is healthy again",
    ],
    ["alert: A\nexpr: a > 1\nfor: 90", '6:14: A: for: "90" is not a duration'],
  ])("%j: %s", (text, expected) => {
    const book = load(rules(`${text}\nlabels: {remediation: restart}`));
    expect(messages(book)).toEqual([expect.stringContaining(expected)]);
    expect(book.rules).toEqual([]);
  });

  test.each([
    [
      "{remediation: reboot}",
      '6:31: A: remediation: "reboot" is none of relieve, recycle, restart, restart_largest, start, heartbeat',
    ],
    ["{remediation: '{{ $x }}'}", '6:31: A: remediation: "{{ $x }}" is none of'],
    ["{remediation: start, guard: yes}", '6:45: A: guard: "yes" is not known: write "always"'],
    ["{remediation: start, tier: '{{ $labels.x }}'}", "6:44: A: tier: a template"],
    ["{remediation: start, a-b: c}", '6:43: A: "a-b" is not a label\'s name'],
    ["{remediation: start, worker: [a]}", "6:46: A: labels.worker: must be text"],
  ])("in the labels %s: %s", (labels, expected) => {
    const book = load(rules(`alert: A\nexpr: a > 1\nlabels: ${labels}`));
    expect(messages(book).join("\n")).toContain(expected);
    expect(book.rules).toEqual([]);
  });

  test("every one of a file is reported, and the good rules of the file still protect", () => {
    const book = load(
      rules(
        "alert: Bad\nexpr: sum(a) > 1\nlabels: {remediation: restart}",
        RESTART,
        "alert: Worse\nexpr: a > 1\nlables: {remediation: restart}",
        "expr: a > 1",
        "alert: B\nrecord: b\nexpr: a > 1",
        "alert: C\nlabels: {remediation: restart}",
        "just text",
      ),
    );
    expect(messages(book)).toEqual([
      expect.stringContaining("5:15: Bad:"),
      expect.stringContaining("12:17: Worse: lables: not a field of a Prometheus rule file"),
      expect.stringContaining("13:9: -: a rule is either an alert or a record"),
      expect.stringContaining("14:9: B: a rule is either an alert or a record"),
      expect.stringContaining("C: expr: must be text, and be there"),
      expect.stringContaining("must be a mapping"),
    ]);
    expect(book.rules.map((rule) => rule.alert)).toEqual(["A"]);
  });

  test("an alert's name that a second rule takes is one, in the same file or another, asking for action or not", () => {
    const other = "alert: A\nexpr: sum(x)";
    expect(messages(load(rules(RESTART, RESTART)))).toEqual([
      expect.stringMatching(/^7:16: A: .* taken at .*0\.rules\.yml:4/),
    ]);
    expect(messages(load(rules(RESTART), rules(RESTART)))).toEqual([expect.stringContaining("taken at")]);
    expect(messages(load(rules(other), rules(RESTART)))).toEqual([expect.stringContaining("asks for action")]);
    expect(load(rules(RESTART, RESTART)).rules).toHaveLength(1);
  });

  test("a file named twice is one file", () => {
    const file = join(packageRoot(), "alerts", "workers.rules.yml");
    expect(loadRules([file, file])).toEqual(loadRules([file]));
  });

  test.each([
    ["groups: [", "not YAML"],
    ["groups: []\ngroups: []", "not YAML"],
    ["a: 1\n---\nb: 2", "not YAML"],
    ["rules: []", "rules: not a field"],
    ["groups: 3", "groups: must be a list"],
    ["- a", "must be a mapping"],
    ["groups: [{rules: []}]", "name: must be text, and be there"],
    ["groups: [{name: '', rules: []}]", "name: must not be empty"],
    ["a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]", "not YAML"],
  ])("%j: %s", (text, expected) => {
    expect(messages(load(text)).join("\n")).toContain(expected);
  });

  test("a file that is not there, or cannot be read, is named with the reason", () => {
    const folder = temporaryDirectory();
    const asFolder = join(folder, "folder.yml");
    mkdirSync(asFolder);
    const missing = join(folder, "missing.yml");
    const book = loadRules([missing, asFolder]);
    expect(book.problems).toMatchObject([
      {
        file: missing,
        line: 1,
        column: 1,
        message: "the rule file does not exist: write another in remediator.guard.rules",
      },
      { file: asFolder, message: "the rule file cannot be read (EISDIR): write another in remediator.guard.rules" },
    ]);
  });

  test("an empty file and empty groups are none", () => {
    for (const text of ["", "# nothing\n", "groups:\n", "groups:\n- name: g\n  rules:\n"])
      expect(load(text).problems).toEqual([]);
  });

  test("no text makes the loader throw", () => {
    const folder = temporaryDirectory();
    const file = join(folder, "any.yml");
    const words = [
      "groups:",
      "rules:",
      "- ",
      "alert: A",
      "expr: ",
      "labels: ",
      "{",
      "}",
      "[",
      "]",
      "\n",
      "  ",
      "*a",
      "&a",
      "<<: ",
      '"',
      "|",
      "remediation: restart",
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, fc.string())), (parts) => {
        writeFileSync(file, `groups:\n- name: g\n  rules:\n  - ${parts.join("")}`);
        loadRules([file]);
      }),
      { numRuns: 300 },
    );
  });
});
