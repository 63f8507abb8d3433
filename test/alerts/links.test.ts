// Where an alert leads: its runbook is there, under the very name that it gives.
import { describe, expect, test } from "vitest";
import { allAlerts, textOf } from "./rule-set.ts";

/** Headings of the README that are no alert's. */
const GUIDE = ["Who is told what", "Use these files elsewhere", "Two Alertmanagers", "Many hosts"];
describe("the runbook", () => {
  const sections = new Map(
    textOf("README.md")
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf("\n")), section]),
  );

  test.each(allAlerts())(
    "of $alert is under the heading that its runbook_url names, with all four parts and a command",
    (rule) => {
      const [path, anchor] = (rule.annotations.runbook_url ?? "").split("#");
      expect(path).toBe("alerts/README.md");
      expect([...sections.keys()].find((title) => slug(title) === anchor)).toBe(rule.alert);
      for (const part of ["Meaning", "Impact", "Diagnosis", "Mitigation"])
        expect(sections.get(rule.alert)).toContain(`**${part}.**`);
      expect(sections.get(rule.alert)).toMatch(/```sh\n\S/);
    },
  );

  test("has the guide, then the alerts in the order of the rules, and nothing else", () => {
    expect([...sections.keys()]).toEqual([...GUIDE, ...allAlerts().map((rule) => rule.alert)]);
  });
});

/** The anchor of a Markdown heading, as code hosts make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
