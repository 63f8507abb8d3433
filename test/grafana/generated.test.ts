// The checked-in dashboards are what the code makes.
import { expect, test } from "vitest";
import { dashboardFiles } from "../../grafana/src/dashboards.ts";
import { placed } from "../../grafana/src/grid.ts";
import { stepsFrom } from "../../grafana/src/look.ts";
import { stat } from "../../grafana/src/panels/stat.ts";
import { checkedIn, type Dashboard, dashboards } from "./dashboards.ts";

test("every dashboard is checked in byte by byte as `npm run dashboards` writes it, and there is no other file", () => {
  const files = checkedIn();
  expect([...files.keys()]).toEqual([...dashboardFiles().keys()].toSorted());
  for (const [name, text] of dashboardFiles())
    expect(files.get(name) === text, `${name} differs: npm run dashboards`).toBe(true);
});

test("panels keep their ids: links of alerts and of users name them", () => {
  const ids = (dashboard: Dashboard) =>
    dashboard.panels
      .filter(({ type }) => type !== "row")
      .map(({ id, title }) => `${id} ${title}`)
      .toSorted(byNumber);
  expect(Object.fromEntries(dashboards().map((dashboard) => [dashboard.uid, ids(dashboard)]))).toMatchInlineSnapshot(`
    {
      "pitcrew-remediation": [
        "1 Open incidents",
        "2 Guard on every rule",
        "3 Journal not writable",
        "4 Dry run",
        "5 Restart storm",
        "6 Oldest heartbeat",
        "7 In quarantine",
        "8 Daemons down",
        "10 From the alert to the action",
        "11 From the alert to the action, percentiles",
        "12 Actions by outcome",
        "13 Suppressed by reason",
        "14 Budgets left",
        "15 Quarantined and paused workers",
        "16 Cooldowns",
        "17 Open incidents by state",
        "18 Deliveries by result",
        "19 Age of the heartbeat",
        "20 Guard, storm, dry run",
        "21 Alertmanager's deliveries and failures",
        "22 Restarts within 10 minutes, against a storm",
        "23 Daemons, collectors, configuration",
        "24 Rule evaluations that failed",
        "25 Duration of actions, p95",
        "26 Rule evaluation against its interval",
        "27 What pitcrew itself uses",
        "28 Time that collectors take",
        "29 Versions",
        "30 Configuration",
      ],
      "pitcrew-worker": [
        "1 State",
        "2 Memory of its limit",
        "3 Time to its limit",
        "4 Until its planned renewal",
        "5 Restarts in 24 hours",
        "6 Its last end",
        "7 Cooldown",
        "8 Brakes",
        "9 Alerts of the worker and its host",
        "10 Memory against its limit",
        "11 Slope",
        "12 Forecast",
        "13 Age against its limit",
        "14 Brakes in a row against their limit",
        "15 CPU",
        "16 Processes and threads",
        "17 Exits by reason",
        "18 Restarts by reason",
        "19 Memory by kind, and OOM kills",
        "20 Values that could not be read",
      ],
      "pitcrew-workers": [
        "1 Workers up",
        "2 Closest to a limit",
        "3 Soonest to reach it",
        "4 Host memory against its floors",
        "5 Memory pressure and brakes",
        "6 Workers",
        "7 Restarts by reason",
        "8 Memory against its limit",
        "9 Firing alerts",
        "10 Age against its limit",
        "11 Who holds the memory",
        "12 Swap in use, and OOM kills",
      ],
    }
  `);
});

test("the grid refuses a line with a hole, a line that is too wide, and unequal heights", () => {
  const panel = (id: number, width: number, height = 4) =>
    stat({ id, title: "t", description: "d", unit: "short" }, { width, height }, [], {
      thresholds: stepsFrom("green"),
    });
  const place = (...panels: ReturnType<typeof panel>[]) => placed([{ title: "Section", panels }]);
  expect(() => place(panel(1, 12))).toThrow("section Section: its last line is not full");
  expect(() => place(panel(1, 12), panel(2, 16))).toThrow(
    "section Section: the line that ends with panel 2 does not fit",
  );
  expect(() => place(panel(1, 12), panel(2, 12, 5))).toThrow("the line that ends with panel 2 does not fit");
  expect(place(panel(1, 12), panel(2, 12), panel(3, 24)).map(({ gridPos }) => gridPos)).toEqual([
    { x: 0, y: 0, w: 24, h: 1 },
    { x: 0, y: 1, w: 12, h: 4 },
    { x: 12, y: 1, w: 12, h: 4 },
    { x: 0, y: 5, w: 24, h: 4 },
  ]);
});

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}
