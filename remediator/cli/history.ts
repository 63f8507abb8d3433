// `pitcrew history`: what was seen, what was decided and why, what was done, what came of it, and how long each step took.
import { styleText } from "node:util";
import type { Config } from "../../config/config.ts";
import { printable } from "../../config/problem.ts";
import type { IncidentView } from "../api/views.ts";
import { refusalView, selectIncidents } from "../api/views.ts";
import { seconds } from "../incidents/phrases.ts";
import { ask, messageOf, Unreachable } from "./client.ts";
import { wantsColour } from "./colour.ts";
import { offlineLedger, offlineNote } from "./offline.ts";
import type { Look } from "./worker-table.ts";
import { wrapped } from "./wrap.ts";

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
  try {
    const { past, note } = await thePast(options);
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ version: 1, ...past }, undefined, 2)}\n`);
      return 0;
    }
    const look = { colour: wantsColour(process.stdout), width: process.stdout.columns || undefined };
    const lines = [...(note === undefined ? [] : [...wrapped(note, look), ""]), ...renderHistory(past, look)];
    process.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    process.stderr.write(`pitcrew: ${cause.message}\n`);
    return 1;
  }
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
    const offline = offlineLedger(config, cause);
    const { ledger } = offline;
    const incidents = selectIncidents(ledger, {
      ...(worker === undefined ? {} : { worker }),
      sinceWall: Date.now() / 1000 - sinceSeconds,
      limit: LIMIT,
    });
    return {
      past: narrowed({ incidents, refused: ledger.refusals.map(refusalView) }, worker),
      note: offlineNote(cause, offline, "journal"),
    };
  }
}

function narrowed(past: Past, worker: string | undefined): Past {
  return worker === undefined
    ? past
    : { ...past, refused: past.refused.filter((refusal) => refusal.worker === worker) };
}

export function renderHistory(past: Past, look: Look): string[] {
  if (past.incidents.length === 0 && past.refused.length === 0) return ["Nothing has happened in this time."];
  const lines = past.incidents.flatMap((incident) => [...renderIncident(incident, look), ""]);
  for (const { at, reason, alertname, worker, host } of past.refused) {
    const text = `${clock(at)}  refused (${reason})  ${alertname} for ${worker || "no worker"} on ${host || "no host"}`;
    lines.push(...wrapped(printable(text), { width: look.width, indent: 21 }));
  }
  if (past.refused.length > 0) lines.push("");
  return [...lines, summary(past)];
}

/** Who or what asked, what for, how it ended and after how long; then step by step, with the time since it began. */
function renderIncident(incident: IncidentView, { colour, width }: Look): string[] {
  const style = (format: "bold" | "red" | "green" | "yellow", text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const end = incident.state === "resolved" ? "green" : incident.state === "escalated" ? "red" : "yellow";
  const how = [incident.state, incident.blocked ?? incident.suppressed].filter((part) => part !== null).join(", ");
  const began = Date.parse(incident.opened_at);
  const lasted = seconds((Date.parse(incident.changed_at) - began) / 1000);
  const story = incident.story.flatMap((line) => {
    const since = `+${seconds((Date.parse(line.at) - began) / 1000)}`;
    const took = line.took_seconds === null ? "" : `; took ${seconds(line.took_seconds)}`;
    return wrapped(`    ${since.padStart(8)}  ${printable(line.text)}${took}`, { width, indent: 14 });
  });
  const when = clock(incident.opened_at);
  const who = printable(incident.target);
  const since = `${incident.open ? "so far" : "after"} ${lasted}`;
  const fits = width === undefined || `${when}  ${who}  ${how} ${since}`.length <= width;
  return [
    ...(fits
      ? [`${style("bold", `${when}  ${who}`)}  ${style(end, how)} ${since}`]
      : [`${style("bold", when)}  ${style(end, how)} ${since}`, `    ${style("bold", who)}`]),
    ...wrapped(`    ${incident.ladder} for ${incident.reason}, asked for by ${askedBy(incident)}  (${incident.id})`, {
      width,
      indent: 4,
    }),
    ...story,
  ];
}

function askedBy({ source, alertname, by }: IncidentView): string {
  switch (source) {
    case "webhook":
      return `alert ${printable(alertname ?? "without a name")}`;
    case "guard":
      return `the guard, rule ${printable(alertname ?? "without a name")}`;
    case "operator":
      return printable(by ?? "an operator");
    case "supervision":
      return "supervision";
  }
}

function summary({ incidents, refused }: Past): string {
  const ends = new Map<string, number>();
  for (const { state, open } of incidents) {
    const end = open ? "open" : state;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const told = [...ends].map(([end, count]) => `${count} ${end}`).join(", ");
  const held = refused.length === 0 ? "" : `; ${refused.length} refused`;
  const many = incidents.length === LIMIT ? ` (the last ${LIMIT}; --since narrows)` : "";
  return `${incidents.length} ${incidents.length === 1 ? "incident" : "incidents"}${told === "" ? "" : `: ${told}`}${held}${many}`;
}

/** Local time, as the reader's watch shows it. */
function clock(instant: string): string {
  const at = new Date(instant);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
