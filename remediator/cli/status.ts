// `pitcrew status`: the workers, what is open, what holds automation back, and whether the loop is well.
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { printable } from "../../config/problem.ts";
import type { StatusView } from "../api/views.ts";
import { statusView } from "../api/views.ts";
import { bytes, seconds } from "../incidents/phrases.ts";
import { ask, messageOf, Unreachable } from "./client.ts";
import { wantsColour } from "./colour.ts";
import { offlineFacts } from "./offline.ts";
import { type Look, workerTable } from "./worker-table.ts";

const WATCH_SECONDS = 2;

export async function status(options: { config: Config; json: boolean; watch: boolean }): Promise<number> {
  const { config, json, watch } = options;
  const { stdout } = process;
  const inPlace = watch && stdout.isTTY && !json;
  for (;;) {
    const { view, note } = await currentStatus(config);
    const text = json
      ? `${JSON.stringify(view, undefined, 2)}\n`
      : `${[...(note === undefined ? [] : [note, ""]), ...renderStatus(view, { colour: wantsColour(stdout), width: stdout.columns || undefined })].join("\n")}\n`;
    // Home, text, clear to the end: refreshing in place does not flicker as clearing first would.
    stdout.write(inPlace ? `\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J` : text);
    if (!watch) return 0;
    await delay(WATCH_SECONDS * 1000);
  }
}

async function currentStatus(config: Config): Promise<{ view: StatusView; note: string | undefined }> {
  try {
    const answer = await ask(config.runDirectory, "GET", "/api/v1/status");
    if (answer.status !== 200) throw new Unreachable(messageOf(answer));
    return { view: answer.body as StatusView, note: undefined };
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    return {
      view: statusView(await offlineFacts(config)),
      note: `${cause.message}: what follows was read from its files`,
    };
  }
}

export function renderStatus(view: StatusView, look: Look): string[] {
  // Stories and reasons hold what people and labels have said.
  return [headline(view), ...workerTable(view, look), ...notes(view).map(printable)];
}

function notes(view: StatusView): string[] {
  const lines: string[] = [];
  if (view.open_incidents.length > 0) {
    lines.push("", "OPEN INCIDENTS");
    for (const incident of view.open_incidents) {
      const last = incident.story.at(-1)?.text ?? "";
      lines.push(
        `  ${incident.id}  ${incident.target}  ${incident.reason}  ${incident.state}${incident.blocked === null ? "" : ` (${incident.blocked})`}`,
      );
      lines.push(`    ${last}`);
    }
  }
  for (const pause of view.pauses)
    lines.push("", `PAUSED  ${pause.worker ?? "all workers"} until ${pause.until} by ${pause.by}: ${pause.reason}`);
  const spent = Object.entries(view.budget.workers).filter(([, remaining]) => remaining === 0);
  if (view.budget.host_remaining === 0) lines.push("", "BUDGET  the host's budget of urgent starts is spent");
  for (const [worker] of spent) lines.push("", `BUDGET  ${worker}: its budget of urgent starts is spent`);
  return lines;
}

function headline(view: StatusView): string {
  const { system, remediator } = view;
  const memory =
    system.memory_available_bytes === null
      ? "memory unreadable"
      : `${bytes(system.memory_available_bytes)} available${system.memory_available_min_bytes === null ? "" : `, floor ${bytes(system.memory_available_min_bytes)}`}`;
  return [
    view.host,
    memory,
    ...(remediator === null
      ? ["remediator down"]
      : [guardText(remediator), ...(remediator.dry_run === false ? [] : ["DRY RUN"])]),
  ].join("  ·  ");
}

export function guardText(loop: NonNullable<StatusView["remediator"]>): string {
  const heartbeat =
    loop.heartbeat_age_seconds === null ? "no heartbeat yet" : `heartbeat ${seconds(loop.heartbeat_age_seconds)} ago`;
  switch (loop.guard) {
    case "all_rules":
      return `guard: all rules (${heartbeat})`;
    case "always_rules":
      return `guard: emergencies only (${heartbeat})`;
    case "off":
      return `guard: off (${heartbeat})`;
  }
}
