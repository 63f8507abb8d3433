// `pitcrew status`: the workers, what is open, what holds automation back, and whether the loop is well.
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { printable } from "../../config/problem.ts";
import { type Hold, heldText } from "../api/holds.ts";
import type { StatusView } from "../api/views.ts";
import { statusView } from "../api/views.ts";
import { bytes, seconds } from "../incidents/phrases.ts";
import { ask, messageOf, Unreachable } from "./client.ts";
import { wantsColour } from "./colour.ts";
import { offlineFacts, offlineLedger, offlineNote } from "./offline.ts";
import { refreshInPlace } from "./screen.ts";
import { type Look, workerTable } from "./worker-table.ts";
import { flowed, wrapped } from "./wrap.ts";

const WATCH_SECONDS = 2;

export async function status(options: { config: Config; json: boolean; watch: boolean }): Promise<number> {
  try {
    await show(options);
    return 0;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    process.stderr.write(`pitcrew: ${cause.message}\n`);
    return 1;
  }
}

async function show({ config, json, watch }: { config: Config; json: boolean; watch: boolean }): Promise<void> {
  const { stdout } = process;
  const lines = async () => {
    const { view, note } = await currentStatus(config);
    // One document; or, watched, one on each line.
    if (json) return [JSON.stringify(view, undefined, watch ? undefined : 2)];
    const look = { colour: wantsColour(stdout), width: stdout.columns || undefined };
    return [...(note === undefined ? [] : [...wrapped(note, look), ""]), ...renderStatus(view, look)];
  };
  if (watch && stdout.isTTY && !json) {
    await refreshInPlace(stdout, WATCH_SECONDS * 1000, lines);
    return;
  }
  for (;;) {
    stdout.write(`${(await lines()).join("\n")}\n`);
    if (!watch) return;
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
    const offline = offlineLedger(config, cause);
    return {
      view: statusView(await offlineFacts(config, offline)),
      note: offlineNote(cause, offline, "files"),
    };
  }
}

export function renderStatus(view: StatusView, look: Look): string[] {
  const { width } = look;
  const lines = [...headline(view, width), ...workerTable(view, look)];
  const say = (text: string, indent: number) => lines.push(...wrapped(printable(text), { width, indent }));
  if (view.open_incidents.length > 0) {
    lines.push("", "OPEN INCIDENTS");
    for (const incident of view.open_incidents) {
      const held = incident.blocked === null ? "" : ` (${incident.blocked})`;
      say(`  ${incident.id}  ${incident.target}  ${incident.reason}  ${incident.state}${held}`, 4);
      say(`    ${incident.story.at(-1)?.text ?? ""}`, 4);
    }
  }
  if (view.left_behind.length > 0) lines.push("");
  for (const { pid, worker } of view.left_behind)
    say(`NOT CONFIGURED  ${worker} runs on as pid ${pid}: put it back, or end it with pitcrew stop ${worker}`, 16);
  if (view.pauses.length > 0) lines.push("");
  for (const pause of view.pauses)
    say(`PAUSED  ${pause.worker ?? "all workers"} until ${pause.until} by ${pause.by}: ${pause.reason}`, 8);
  const held = view.workers.flatMap(({ worker, held_back }) =>
    held_back.flatMap((hold) => (isShown(hold) ? [{ worker, hold }] : [])),
  );
  const hostSpent = view.budget.host_remaining === 0 && !held.some(({ hold }) => hold.reason === "budget");
  if (hostSpent || held.length > 0) lines.push("");
  if (hostSpent) say("BUDGET  the host's budget of urgent starts is spent", 8);
  for (const { worker, hold } of held) {
    const label = hold.reason.toUpperCase();
    say(`${label}  ${worker}: ${heldText(hold)}`, label.length + 2);
  }
  return lines;
}

/** Pauses have lines of their own, a dry run is in the headline, a stopped worker in the table. */
function isShown({ reason }: Hold): boolean {
  return reason === "budget" || reason === "cooldown" || reason === "quarantined";
}

function headline(view: StatusView, width: number | undefined): string[] {
  const { system, remediator } = view;
  const memory =
    system.memory_available_bytes === null
      ? "memory unreadable"
      : `${bytes(system.memory_available_bytes)} available${system.memory_available_min_bytes === null ? "" : `, floor ${bytes(system.memory_available_min_bytes)}`}`;
  const parts = [
    view.host,
    memory,
    ...(remediator === null
      ? ["remediator down"]
      : [
          guardText(remediator),
          ...(remediator.dry_run === false ? [] : ["DRY RUN"]),
          ...(remediator.journal_writable ? [] : ["JOURNAL NOT WRITABLE"]),
        ]),
  ];
  return flowed(parts, "  ·  ", width);
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
