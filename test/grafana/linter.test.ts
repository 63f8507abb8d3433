// The useful rules of Grafana's dashboard-linter, and a few of our own.
import * as units from "@grafana/grafana-foundation-sdk/units";
import { describe, expect, test } from "vitest";
import { selectorsOf } from "../alerts/promql.ts";
import { type Chosen, dashboards, panelCases, panelsOf, selectorOf, substituted } from "./dashboards.ts";

const SOURCE = { type: "prometheus", uid: `\${datasource}` };
const UNITS: ReadonlySet<string> = new Set(Object.values(units).filter((unit) => typeof unit === "string"));
/** Leaves the windows recognisable. */
const NAMED: Chosen = { host: "box", group: "train", worker: "train-1", rateInterval: "77s", range: "6h" };
const COUNTER = /_total$|_bucket$/;

describe.each(dashboards().map((dashboard) => [dashboard.uid, dashboard] as const))("%s", (_, dashboard) => {
  test("cannot be edited in place: the next provisioning would undo it", () => {
    expect(dashboard.editable).toBe(false);
  });

  test("has the variables datasource, host, group and worker, in the order in which each narrows the next", () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "host", "group", "worker"]);
    const [datasource, ...others] = dashboard.templating.list;
    expect(datasource).toMatchObject({ type: "datasource", query: "prometheus", label: "Data source" });
    for (const variable of others) {
      // 2: on a change of the time range, so that a worker that is gone can still be chosen for the past.
      expect(variable).toMatchObject({ type: "query", datasource: SOURCE, refresh: 2 });
      expect(selectorOf(variable), variable.name).toMatch(/^pitcrew_worker_info\{/);
      if (variable.multi) expect(variable).toMatchObject({ includeAll: true, allValue: ".+" });
    }
  });

  test("marks restarts, actions and alerts that ask for action", () => {
    expect(dashboard.annotations.list.map(({ name }) => name)).toEqual(["Restarts", "Actions", "Actionable alerts"]);
    for (const annotation of dashboard.annotations.list) expect(annotation.datasource).toEqual(SOURCE);
  });

  test("links to the other two, with what is chosen and the time", () => {
    const others = dashboards().filter(({ uid }) => uid !== dashboard.uid);
    expect(dashboard.links.map(({ url }) => url).toSorted()).toEqual(others.map(({ uid }) => `/d/${uid}`).toSorted());
    for (const link of dashboard.links) expect(link).toMatchObject({ includeVars: true, keepTime: true });
  });

  test("has no two panels of one id or of one title", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const titles = panelsOf(dashboard).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test("fills its grid: no panel overlaps another, none stands out, no line has a hole", () => {
    const cells = new Map<string, number>();
    let bottom = 0;
    for (const { id, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, `panel ${id}`).toBeLessThanOrEqual(24);
      bottom = Math.max(bottom, gridPos.y + gridPos.h);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.get(`${x},${y}`), `panel ${id} on another at ${x},${y}`).toBeUndefined();
          cells.set(`${x},${y}`, id);
        }
    }
    expect(cells.size).toBe(24 * bottom);
  });
});

describe.each(panelCases().map((found) => [found.name, found.panel] as const))("panel %s", (_, panel) => {
  const targets = panel.targets ?? [];
  const exprs = targets.map(({ expr }) => substituted(expr, NAMED));

  test("says what it is, in which unit, and what bad looks like", () => {
    expect(panel.title).toMatch(/\S/);
    expect(panel.description).toMatch(/\bBad: ./);
    expect(UNITS.has(panel.fieldConfig.defaults.unit ?? ""), panel.fieldConfig.defaults.unit).toBe(true);
  });

  test("asks the chosen data source, each query under a name of its own", () => {
    expect(panel.datasource).toEqual(SOURCE);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(target.datasource).toEqual(SOURCE);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const { range, instant } of targets) expect(range).toBe(!instant);
  });

  test("takes rates over $__rate_interval, or over a window that its title or its description names", () => {
    for (const expr of exprs)
      for (const { within, window } of selectorsOf(expr)) {
        if (window === undefined) continue;
        const [call = ""] = within;
        if (["rate", "irate", "increase", "delta", "idelta"].includes(call) && window !== "10m")
          expect(["77s", "6h"], `${call} in ${expr}`).toContain(window);
        // One that follows the zoom would mean another thing at each.
        if (call === "deriv") expect(["5m", "30m"], expr).toContain(window);
      }
  });

  test("shows counters only as what they grew by, and gauges as they are", () => {
    for (const expr of exprs)
      for (const { metric, within } of selectorsOf(expr))
        expect(["rate", "increase"].includes(within[0] ?? ""), `${metric} in ${expr}`).toBe(COUNTER.test(metric));
  });

  test("never asks for job or instance of the workers' series, which a move would change", () => {
    for (const expr of exprs) {
      const ours = selectorsOf(expr).some(({ metric }) => metric.startsWith("pitcrew_"));
      if (ours) expect(expr).not.toMatch(/\b(job|instance)\b/);
    }
  });

  test("draws what is called a limit dashed", () => {
    for (const { refId, legendFormat } of targets) {
      if (!/\b(limit|floor|critical|relief|total|interval)\b/.test(legendFormat) || panel.type !== "timeseries")
        continue;
      const look = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === refId);
      expect(look?.properties, legendFormat).toContainEqual({
        id: "custom.lineStyle",
        value: { fill: "dash", dash: [10, 6] },
      });
    }
    const { thresholds, custom } = panel.fieldConfig.defaults;
    if (panel.type === "timeseries" && thresholds !== undefined) expect(custom?.thresholdsStyle?.mode).toBe("dashed");
  });
});

describe("limits stand beside usage", () => {
  const named = new Map(panelCases().map((found) => [found.name, found.panel]));
  test.each([...named.keys()].filter((name) => / against /.test(name)))("%s", (name) => {
    const panel = named.get(name);
    const dashes = JSON.stringify(panel?.fieldConfig ?? {});
    expect(dashes).toMatch(/"fill":"dash"|"mode":"dashed"/);
  });
});
