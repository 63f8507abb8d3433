// Where an alert leads: its runbook and its panel are there, under the very name that it gives.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ALERTS, allAlerts, textOf } from "./rule-set.ts";

/** Headings of the README that are no alert's. */
const GUIDE = ["Who is told what", "Use these files elsewhere", "Two Alertmanagers", "Many hosts"];
const DASHBOARDS = join(ALERTS, "../grafana/dashboards");

interface Dashboard {
  uid: string;
  panels: { id: number; title: string }[];
  templating: { list: { name: string }[] };
}

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

describe("the dashboard", () => {
  test.each(allAlerts())("link of $alert names a dashboard, one of its panels, and variables that it has", (rule) => {
    const link = new URL(rule.annotations.dashboard ?? "", "http://grafana");
    const [, uid = ""] = /^\/d\/([a-z-]+)$/.exec(link.pathname) ?? [];
    const dashboard = JSON.parse(readFileSync(join(DASHBOARDS, `${uid}.json`), "utf8")) as Dashboard;
    expect(dashboard.uid).toBe(uid);
    expect(dashboard.panels.map(({ id }) => String(id))).toContain(link.searchParams.get("viewPanel"));
    const known = dashboard.templating.list.map(({ name }) => `var-${name}`);
    const variables = [...link.searchParams.keys()].filter((key) => key !== "viewPanel");
    expect(variables.filter((key) => !known.includes(key))).toEqual([]);
    // The variables are the alert's own labels.
    for (const key of variables)
      expect(link.searchParams.get(key)).toBe(`{{ urlquery $labels.${key.slice("var-".length)} }}`);
  });
});

/** The anchor of a Markdown heading, as code hosts make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
