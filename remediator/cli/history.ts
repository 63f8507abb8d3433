// `pitcrew history`: what was seen, what was decided and why, what was done, what came of it, and how long each step took.
import { styleText } from "node:util";
import type { Config } from "../../config/config.ts";
import { printable } from "../../config/problem.ts";
import type { IncidentView } from "../api/views.ts";
import { refusalView, selectIncidents } from "../api/views.ts";
import { seconds } from "../incidents/phrases.ts";
import { ask, messageOf, Unreachable } from "./client.ts";
import { wantsColour } from "./colour.ts";
import { offlineLedger } from "./offline.ts";

interface Past {
  incidents: readonly IncidentView[];
  refused: readonly ReturnType<typeof refusalView>[];
}

const LIMIT = 1000;

export async function history(options: {
  config: Config;
  json: boolean;
  worker: string | undefined;
  sinceSeconds: number;
}): Promise<number> {
  const { past, note } = await thePast(options);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ version: 1, ...past }, undefined, 2)}\n`);
    return 0;
  }
  if (note !== undefined) process.stdout.write(`${note}\n\n`);
  process.stdout.write(`${renderHistory(past, wantsColour(process.stdout)).join("\n")}\n`);
  return 0;
}

async function thePast({
  config,
  worker,
  sinceSeconds,
}: {
  config: Config;
  worker: string | undefined;
  sinceSeconds: number;
}): Promise<{ past: Past; note: string | undefined }> {
  const query = new URLSearchParams({
    since: `${Math.ceil(sinceSeconds)}s`,
    limit: String(LIMIT),
    ...(worker === undefined ? {} : { worker }),
  });
  try {
    const answer = await ask(config.runDirectory, "GET", `/api/v1/incidents?${query.toString()}`);
    if (answer.status !== 200) throw new Unreachable(messageOf(answer));
    return { past: narrowed(answer.body as Past, worker), note: undefined };
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    const ledger = offlineLedger(config);
    const incidents = selectIncidents(ledger, {
      ...(worker === undefined ? {} : { worker }),
      sinceWall: Date.now() / 1000 - sinceSeconds,
      limit: LIMIT,
    });
    return {
      past: narrowed({ incidents, refused: ledger.refusals.map(refusalView) }, worker),
      note: `${cause.message}: what follows was read from its journal`,
    };
  }
}

function narrowed(past: Past, worker: string | undefined): Past {
  return worker === undefined
    ? past
    : { ...past, refused: past.refused.filter((refusal) => refusal.worker === worker) };
}

export function renderHistory(past: Past, colour: boolean): string[] {
  if (past.incidents.length === 0 && past.refused.length === 0) return ["Nothing has happened in this time."];
  const lines = past.incidents.flatMap((incident) => [...renderIncident(incident, colour), ""]);
  for (const refusal of past.refused)
    lines.push(
      `${clock(refusal.at)}  refused (${refusal.reason})  ${printable(refusal.alertname)} for ${printable(refusal.worker) || "no worker"} on ${printable(refusal.host) || "no host"}`,
    );
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function renderIncident(incident: IncidentView, colour: boolean): string[] {
  const style = (format: "bold" | "red" | "green" | "yellow", text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const end = incident.open
    ? "yellow"
    : incident.state === "resolved"
      ? "green"
      : incident.state === "escalated"
        ? "red"
        : "yellow";
  const how = incident.suppressed === null ? incident.state : `${incident.state}, ${incident.suppressed}`;
  const head = `${style("bold", `${clock(incident.opened_at)}  ${incident.target}`)}  ${incident.reason}, ${incident.ladder}  ${style(end, how)}  (${incident.id})`;
  return [
    head,
    ...incident.story.map(
      (line) =>
        `    ${clock(line.at).slice(-8)}  ${printable(line.text)}${line.took_seconds === null ? "" : ` (after ${seconds(line.took_seconds)})`}`,
    ),
  ];
}

/** Local time, as the reader's watch shows it. */
function clock(instant: string): string {
  const at = new Date(instant);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
