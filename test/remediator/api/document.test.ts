// docs/api.md is read by people who write scripts: its routes, its parameters and its documents are those that a running remediator has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createWebApp } from "../../../daemon/web-app.ts";
import { addRoutes } from "../../../remediator/api/routes.ts";
import { END_STATES, OPEN_STATES } from "../../../remediator/incidents/incident.ts";
import { writePidRecord } from "../../../worker/files/pid-record.ts";
import { identify } from "../../../worker/identify.ts";
import { eventually } from "../../support/eventually.ts";
import { PROJECT } from "../../support/pitcrew.ts";
import { createSite, payload, start } from "./site.ts";

const DOCUMENT = readFileSync(join(PROJECT, "docs", "api.md"), "utf8");

/** The cells of a section's table that are code in the first column. */
function rowsOf(title: string): string[][] {
  const section = DOCUMENT.split(/^## /m).find((text) => text.startsWith(title)) ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
}

function code(cell: string | undefined): string {
  return /^`([^`]+)`/.exec(cell ?? "")?.[1] ?? "";
}

test("the document names every route, and no other", async () => {
  const { remediator } = await start(createSite());
  const app = createWebApp({
    name: "remediator",
    metrics: () => Promise.resolve({ contentType: "", body: Buffer.alloc(0) }),
    landing: () => ({ title: "", description: "", facts: {}, links: [] }),
    ready: () => true,
    onReload: () => Promise.resolve(),
    log: remediator.log,
    routes: (own) => addRoutes(own, remediator, "the control socket"),
  });
  const layers = app.router.stack as unknown as { route?: { path: string; methods: Record<string, boolean> } }[];
  const served = layers.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
  expect(served.length).toBeGreaterThan(10);
  const documented = rowsOf("Routes")
    .filter(([method]) => /^`[A-Z]+`$/.test(method ?? ""))
    .map(([method, path]) => `${code(method)} ${code(path)}`);
  expect(documented.toSorted()).toEqual(served.toSorted());
});

test("the states in the document are those that an incident may have", () => {
  const [, type = ""] = rowsOf("The history document").find(([field]) => code(field) === "incidents[].state") ?? [];
  for (const state of [...OPEN_STATES, ...END_STATES]) expect(type).toMatch(new RegExp(`\\b${state}\\b`));
});

test("the status and the history have the documented fields, of the documented types, and no others", async () => {
  const site = await start(createSite());
  await site.post(
    "api/v1/webhook",
    payload({ labels: { alertname: "Unknown", remediation: "restart", host: "h", worker: "mine" } }),
  );
  await eventually(async () => JSON.stringify(await site.get("api/v1/workers")).includes('"state":"up"'), {
    what: "a worker that is up",
  });
  await site.order("POST", "/api/v1/workers/mine/restart", { force: true });
  await eventually(async () => JSON.stringify(await site.get("api/v1/workers")).includes('"restarts":{"operator"'), {
    what: "a restart",
  });
  await site.order("POST", "/api/v1/pauses", { for: "1h", reason: "x" });
  const incarnation = identify(process.pid);
  if (incarnation === undefined) throw new Error("this process lives");
  const left = { version: 1, worker: "left", incarnation, session: process.pid, startId: "s" } as const;
  writePidRecord(site.remediator.config.runDirectory, left);

  expect(differences(await site.get("api/v1/status"), "The status document")).toEqual([]);
  expect(differences(await site.get("api/v1/incidents"), "The history document")).toEqual([]);
});

/** Fields that only one of the two has, and values of a type that is not documented. */
function differences(document: unknown, title: string): string[] {
  const types = new Map(rowsOf(title).map(([field, type = ""]) => [code(field), type]));
  const seen = new Set<string>();
  const wrong = new Set<string>();
  const walk = (value: unknown, path: string) => {
    // An incident within the status is the history's.
    const isOwn = path !== "open_incidents" && path !== "workers[].incident";
    const documented = types.get(path);
    if (documented !== undefined) seen.add(path);
    const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
    if (kind === "array" && isOwn && documented?.includes("array") !== true) {
      for (const item of value as unknown[]) walk(item, `${path}[]`);
    } else if (kind === "object") {
      if (!isOwn) return;
      for (const [key, inner] of Object.entries(value as object)) {
        const wild = `${path === "" ? "" : `${path}.`}*`;
        walk(inner, types.has(wild) ? wild : path === "" ? key : `${path}.${key}`);
      }
    } else if (documented === undefined) wrong.add(`${path} is not documented`);
    else if (!new RegExp(`\\b${kind}\\b`).test(documented))
      wrong.add(`${path} is ${kind}, documented as ${documented}`);
  };
  walk(document, "");
  // What may be null altogether is not always there.
  for (const field of types.keys())
    if (!seen.has(field) && !["remediator", "workers[].last_exit"].includes(field)) wrong.add(`${field} was not seen`);
  return [...wrong];
}
