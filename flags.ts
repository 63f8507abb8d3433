// What the commands make of their flags: the configuration, the log, and usage errors.
import type { Config } from "./config/config.ts";
import type { Log } from "./daemon/log.ts";

export type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export class UsageError extends Error {
  readonly code = "usage";
}

/** Reads the file that the flags name, flags on top; called again at each reload. */
export async function configLoader(flags: Flags): Promise<() => Config> {
  const [{ findConfigFile }, { loadConfig }, { parseListenAddress }] = await Promise.all([
    import("./config/find.ts"),
    import("./config/load.ts"),
    import("./config/units/listen-address.ts"),
  ]);
  const listen = (flag: string) => {
    const text = textFlag(flags, flag);
    if (text === undefined) return undefined;
    const address = parseListenAddress(text);
    if (!address.ok) throw new UsageError(`--${flag}: ${address.problem}`);
    return address.value;
  };
  const exporter = listen("exporter.listen-address");
  const remediator = listen("remediator.listen-address");
  const file = findConfigFile(textFlag(flags, "config.file"), process.cwd());
  return () => {
    const config = loadConfig(file);
    return {
      ...config,
      exporter: { ...config.exporter, ...(exporter === undefined ? {} : { listen: exporter }) },
      remediator: { ...config.remediator, ...(remediator === undefined ? {} : { listen: remediator }) },
    };
  };
}

/** Undefined without the flag. @throws ConfigError now rather than after other things have begun */
export async function webConfigReader(flags: Flags) {
  const file = textFlag(flags, "web.config.file");
  if (file === undefined) return undefined;
  const { loadWebConfig } = await import("./config/web/load.ts");
  loadWebConfig(file);
  return () => loadWebConfig(file);
}

/** @param quiet a terminal view tells the story: the log says only what went wrong */
export async function logOf(flags: Flags, quiet = false): Promise<Log> {
  const { createLog, LOG_FORMATS, LOG_LEVELS } = await import("./daemon/log.ts");
  const { stderrIsJournal } = await import("./daemon/journal-stream.ts");
  const level = choice(flags, "log.level", LOG_LEVELS) ?? (quiet ? "error" : "info");
  return createLog({ level, format: choice(flags, "log.format", LOG_FORMATS) ?? "logfmt", journal: stderrIsJournal() });
}

export function choice<T extends string>(flags: Flags, flag: string, values: readonly T[]): T | undefined {
  const text = textFlag(flags, flag);
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found === undefined)
    throw new UsageError(`--${flag} is one of ${values.join(", ")}, not ${JSON.stringify(text)}`);
  return found;
}

export function textFlag(flags: Flags, flag: string): string | undefined {
  const value = flags[flag];
  return typeof value === "string" ? value : undefined;
}
