import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSilences, silenceOf } from "../../../remediator/silences/silence.ts";

interface MatcherLiteral {
  name: string;
  value: string;
  isRegex?: boolean;
  isEqual?: boolean;
}

function given(matchers: readonly MatcherLiteral[], state = "active") {
  return { id: "s-1", status: { state }, createdBy: "ann", comment: "maintenance", matchers };
}

const LABELS = { alertname: "PitcrewWorkerTooOld", host: "h", worker: "train-1", group: "train" };

function covers(...matchers: MatcherLiteral[]): boolean {
  return silenceOf(parseSilences([given(matchers)]).active, LABELS) !== undefined;
}

describe("a silence covers an alert", () => {
  test.each<[string, MatcherLiteral, boolean]>([
    ["that has the value", { name: "worker", value: "train-1" }, true],
    ["but none with another value", { name: "worker", value: "train-2" }, false],
    ["that does not have the value, if it says so", { name: "worker", value: "train-2", isEqual: false }, true],
    ["but none with the value then", { name: "worker", value: "train-1", isEqual: false }, false],
    ["whose value the pattern matches", { name: "worker", value: "train-[0-9]+", isRegex: true }, true],
    ["but only if it matches all of it", { name: "worker", value: "train", isRegex: true }, false],
    ["with alternatives, each of them anchored", { name: "worker", value: "x|train-1|y", isRegex: true }, true],
    ["but none that an alternative only begins", { name: "worker", value: "train|x", isRegex: true }, false],
    [
      "that the pattern does not match, if it says so",
      { name: "worker", value: "x.*", isRegex: true, isEqual: false },
      true,
    ],
    ["without the label, if the value is empty", { name: "team", value: "" }, true],
    ["without the label, if the pattern matches nothing", { name: "team", value: ".*", isRegex: true }, true],
    ["but none without the label otherwise", { name: "team", value: "ml" }, false],
    ["whatever it says of what only a scrape adds", { name: "instance", value: "127.0.0.1:10101" }, true],
    ["and what every object inherits is no label", { name: "constructor", value: "" }, true],
  ])("%s", (_title, matcher, expected) => {
    expect(covers(matcher)).toBe(expected);
  });

  test("if all of its matchers do", () => {
    expect(covers({ name: "worker", value: "train-1" }, { name: "host", value: "h" })).toBe(true);
    expect(covers({ name: "worker", value: "train-1" }, { name: "host", value: "other" })).toBe(false);
  });
});

describe("of Alertmanager's list", () => {
  test.each(["pending", "expired"])("a silence that is %s is none", (state) => {
    expect(parseSilences([given([{ name: "worker", value: "train-1" }], state)]).active).toEqual([]);
  });

  test("a silence that is not understood is named and not honoured, the others are", () => {
    const { active, problems } = parseSilences([
      { ...given([{ name: "worker", value: "(?i)train", isRegex: true }]), id: "strange" },
      { ...given([]), id: "empty" },
      { id: "broken", status: { state: "active" }, matchers: [{ name: "worker" }] },
      given([{ name: "worker", value: "train-1" }]),
    ]);
    expect(active.map(({ id, createdBy, comment }) => ({ id, createdBy, comment }))).toEqual([
      { id: "s-1", createdBy: "ann", comment: "maintenance" },
    ]);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/^strange: the pattern/);
    expect(problems.slice(1)).toEqual(["empty: it has no matchers", "broken: a matcher has no name or no value"]);
  });

  test("anything at all is read without a crash, or refused as no list", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        if (Array.isArray(answer)) expect(parseSilences(answer).active).toEqual([]);
        else expect(() => parseSilences(answer)).toThrow(TypeError);
      }),
    );
  });
});
