// What `pitcrew up --view` shows to people: what happens, line by line, and below it the workers as they are now.
import { styleText } from "node:util";
import { printable } from "../../config/problem.ts";
import type { StatusView } from "../api/views.ts";
import type { GuardActivity } from "../guard/guard.ts";
import type { Incident } from "../incidents/incident.ts";
import { isOpen, targetName } from "../incidents/incident.ts";
import type { Entry } from "../incidents/journal-entry.ts";
import { bytes, seconds } from "../incidents/phrases.ts";
import { renderStatus } from "./status.ts";
import { stateOf } from "./worker-table.ts";

export interface ViewDeps {
  write(text: string): void;
  /** A terminal: redrawn in place. Otherwise lines are appended. */
  tty: boolean;
  colour: boolean;
  /** Columns of the terminal: longer lines would wrap and spoil the redrawing. */
  columns(): number;
  /** Undefined before the remediator has started. */
  status(): StatusView | undefined;
  now(): Date;
}

const TTY_REFRESH_MS = 1000;
const PLAIN_REFRESH_MS = 5000;

export class View {
  readonly #deps: ViewDeps;
  readonly #told = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #drawnLines = 0;

  constructor(deps: ViewDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), this.#deps.tty ? TTY_REFRESH_MS : PLAIN_REFRESH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  say(text: string): void {
    this.#above([text]);
  }

  entries(entries: readonly Entry[]): void {
    const lines = entries.flatMap((entry) => this.#linesOf(entry));
    if (lines.length > 0) this.#above(lines);
  }

  guard(activity: GuardActivity, heartbeat: boolean): void {
    this.#above([this.#event("guard", GUARD_TEXTS[activity](heartbeat), "cyan")]);
  }

  #linesOf(entry: Entry): string[] {
    switch (entry.type) {
      case "incident": {
        const { incident } = entry;
        const from = this.#told.get(incident.id) ?? 0;
        if (isOpen(incident)) this.#told.set(incident.id, incident.story.length);
        else this.#told.delete(incident.id);
        return incident.story
          .slice(from)
          .map((line, index, lines) =>
            this.#event(targetName(incident.target), line.text, colourOf(incident, index === lines.length - 1)),
          );
      }
      case "exit":
        return [
          this.#event(
            entry.worker,
            `pid ${entry.incarnation.pid} ended (${entry.reason}${entry.code === undefined ? "" : `, exit code ${entry.code}`})`,
            "dim",
          ),
        ];
      case "refused":
        return [this.#event(entry.worker || "-", `refused: ${entry.reason} (${entry.alertname})`, "yellow")];
      default:
        return [];
    }
  }

  #event(who: string, text: string, colour: Colour): string {
    const time = this.#deps.now().toTimeString().slice(0, 8);
    return `${this.#style("dim", time)}  ${printable(who).padEnd(16)}  ${this.#style(colour, printable(text))}`;
  }

  #above(lines: readonly string[]): void {
    if (!this.#deps.tty) {
      this.#deps.write(`${lines.join("\n")}\n`);
      return;
    }
    this.#erase();
    this.#deps.write(`${lines.join("\n")}\n`);
    this.#draw();
  }

  #draw(): void {
    const status = this.#deps.status();
    if (status === undefined) return;
    if (!this.#deps.tty) {
      this.#deps.write(`${plainLines(status, this.#deps.now()).join("\n")}\n`);
      return;
    }
    this.#erase();
    const width = this.#deps.columns();
    const lines = ["", ...renderStatus({ ...status, open_incidents: [] }, { colour: this.#deps.colour, width })].map(
      (line) => cutStyled(line, width),
    );
    this.#deps.write(`${lines.join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#deps.write(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#drawnLines = 0;
  }

  #style(colour: Colour, text: string): string {
    return this.#deps.colour ? styleText(colour, text, { validateStream: false }) : text;
  }
}

const ESCAPE = "\u001b";
/** A colour sequence, kept by `split` because it is a group. */
const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`);

type Colour = "dim" | "red" | "yellow" | "green" | "cyan";

const GUARD_TEXTS: Record<GuardActivity, (heartbeat: boolean) => string> = {
  all_rules: (heartbeat) =>
    heartbeat
      ? "no heartbeat any more: the guard acts on every rule by itself"
      : "no Prometheus yet: the guard acts on every rule by itself",
  always_rules: () => "Prometheus and Alertmanager are alive (heartbeat): the guard steps back to emergencies",
  off: () => "off: only alerts and commands act",
};

function colourOf(incident: Incident, last: boolean): Colour {
  if (!last) return "dim";
  if (incident.state === "resolved") return "green";
  if (incident.state === "escalated") return "red";
  return isOpen(incident) ? "yellow" : "dim";
}

/** One line per worker, for pipes and files. */
function plainLines(status: StatusView, now: Date): string[] {
  return status.workers.map((worker) => {
    const memory =
      worker.memory_bytes === null
        ? ""
        : `  ${bytes(worker.memory_bytes)}${worker.memory_limit_bytes === null ? "" : ` of ${bytes(worker.memory_limit_bytes)} (${Math.round((100 * worker.memory_bytes) / worker.memory_limit_bytes)} %)`}`;
    const age =
      worker.age_seconds === null
        ? ""
        : `  age ${seconds(worker.age_seconds)}${worker.max_age_seconds === null ? "" : ` of ${seconds(worker.max_age_seconds)}`}`;
    return `${now.toTimeString().slice(0, 8)}  ${worker.worker.padEnd(16)}  ${stateOf(worker)}${memory}${age}`;
  });
}

/** Cuts to `width` visible characters; colour sequences do not count and are closed. */
function cutStyled(line: string, width: number): string {
  let visible = 0;
  let out = "";
  for (const part of line.split(COLOUR)) {
    if (part.startsWith("\u001b[")) out += part;
    else {
      out += part.slice(0, Math.max(0, width - visible));
      visible += part.length;
    }
  }
  return out;
}
