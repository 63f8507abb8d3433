// One line per event, for people (logfmt) or machines (JSON). Whatever a hostile label holds, it stays on its line.

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["logfmt", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** A field that is undefined is left out; an Error is written as its message and those of its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields on every line. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Default: stderr. */
  write?: (line: string) => void;
  now?: () => Date;
  /** For systemd's journal: it knows the time, and takes the level as its priority. */
  journal?: boolean;
}

/** Source: sd-daemon(3), which takes syslog's numbers from the beginning of a line. */
const PRIORITIES: Readonly<Record<LogLevel, string>> = { debug: "<7>", info: "<6>", warn: "<4>", error: "<3>" };

/** Longer values are cut: no label may fill the disk. */
const MAX_VALUE_LENGTH = 4096;

export function createLog({
  level,
  format,
  write = writeToStderr(),
  now = () => new Date(),
  journal = false,
}: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const render = format === "json" ? renderJson : renderLogfmt;

  const withFields = (context: LogFields): Log => {
    const at =
      (eventLevel: LogLevel) =>
      (message: string, fields: LogFields = {}) => {
        if (LOG_LEVELS.indexOf(eventLevel) < threshold) return;
        const head: [string, string][] = journal
          ? [["msg", shorten(message)]]
          : [
              ["ts", now().toISOString()],
              ["level", eventLevel],
              ["msg", shorten(message)],
            ];
        const line = escapeInvisible(render([...head, ...presentable({ ...context, ...fields })]));
        write(journal ? `${PRIORITIES[eventLevel]}${line}` : line);
      };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => withFields({ ...context, ...fields }),
    };
  };
  return withFields({});
}

type Scalar = string | number | boolean;

function presentable(fields: LogFields): [string, Scalar][] {
  return Object.entries(fields).flatMap(([key, value]): [string, Scalar][] => {
    if (value === undefined) return [];
    const name = key.replace(/[^A-Za-z0-9_.-]/g, "_");
    // The first three keys are ours: a field of the same name would answer for the line.
    return [[["ts", "level", "msg"].includes(name) ? `${name}_` : name, toScalar(value)]];
  });
}

function toScalar(value: unknown): Scalar {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return shorten(value);
  if (value instanceof Error) return shorten(describeError(value));
  return shorten(stringify(value));
}

/** The message of an error and of its causes, on one line: `a: b: c`. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  let current: unknown = error;
  // Bounded: an error can be its own cause.
  for (let depth = 0; current instanceof Error && depth < 8; depth++) {
    messages.push(current.message || current.name);
    current = current.cause;
  }
  return messages.length > 0 ? messages.join(": ") : stringify(error);
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function shorten(text: string): string {
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

function renderJson(fields: readonly (readonly [string, Scalar])[]): string {
  return JSON.stringify(Object.fromEntries(fields));
}

function renderLogfmt(fields: readonly (readonly [string, Scalar])[]): string {
  return fields.map(([key, value]) => `${key}=${quoteIfNeeded(String(value))}`).join(" ");
}

function quoteIfNeeded(text: string): string {
  return /^[\w.:/@+,()[\]-]+$/.test(text) ? text : JSON.stringify(text);
}

/** What JSON leaves alone but a terminal obeys or a reader takes for a line end: C1 controls, separators, bidi overrides. */
function escapeInvisible(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function writeToStderr(): (line: string) => void {
  // A log whose reader is gone (EPIPE, or EIO of a closed terminal) must not end the program that writes it.
  if (!process.stderr.listeners("error").includes(ignore)) process.stderr.on("error", ignore);
  return (line) => {
    process.stderr.write(`${line}\n`);
  };
}

function ignore(): void {}
