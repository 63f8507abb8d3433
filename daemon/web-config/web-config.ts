// What a web-config file asks of a server, and the file's changes: certificates and passwords are renewed without a restart.
import { statSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import type { Log } from "../log.ts";

export interface WebConfig {
  /** Undefined: plain HTTP. */
  tls: TlsSettings | undefined;
  /** Name and value, for every answer. */
  headers: readonly (readonly [string, string])[];
  /** Name → bcrypt hash with the prefix `$2b$`. Empty: nobody is asked for a password. */
  users: ReadonlyMap<string, string>;
  /** A token each interval, `burst` of them at most; undefined: no limit. */
  rateLimit: { intervalSeconds: number; burst: number } | undefined;
  /** Absolute paths: a change of any of them is a change of this. */
  files: readonly string[];
}

export interface TlsSettings {
  options: TlsOptions;
  /** What a client has to show. */
  clientCertificate: "not_asked" | "requested" | "required" | "verified_if_given" | "required_and_verified";
  /** Subject alternative names, one of which a client's certificate must carry; undefined: any. */
  allowedSans: readonly string[] | undefined;
}

/** A file that was bad is read again no sooner, however often it is asked for: what it names may be mended without it. */
const RETRY_MS = 1000;

export interface WatchOptions {
  /** Throws what is wrong; at the first call that is the caller's. */
  read: () => WebConfig;
  log: Log;
  /** Told when it was read again: false, if what the files say now is bad. */
  onRead?: (isGood: boolean) => void;
}

/**
 * Answers the configuration as the files have it now: they are looked at with each call, and read when one has changed.
 * A file that has become bad keeps the former configuration in force, and is complained of once.
 */
export function watchWebConfig({ read, log, onRead = () => undefined }: WatchOptions): () => WebConfig {
  let current = read();
  let seen = stateOf(current.files);
  let complaint: string | undefined;
  let retryAt = 0;
  return () => {
    const state = stateOf(current.files);
    if (state === seen && (complaint === undefined || performance.now() < retryAt)) return current;
    const { files } = current;
    // As it was before the reading: what changes meanwhile is read again at the next call.
    seen = state;
    try {
      current = read();
      if (current.files.join() !== files.join()) seen = stateOf(current.files);
      complaint = undefined;
      log.info("the web configuration was read again");
    } catch (cause) {
      retryAt = performance.now() + RETRY_MS;
      const problem = cause instanceof Error ? cause.message : String(cause);
      if (problem !== complaint)
        log.error("the web configuration was not read again; the old one stays in force", { problem });
      complaint = problem;
    }
    onRead(complaint === undefined);
    return current;
  };
}

/** Times, sizes and inodes: a file that was replaced, rewritten, removed or hidden has another state. */
function stateOf(files: readonly string[]): string {
  return files.map(stateOfOne).join("\n");
}

function stateOfOne(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (cause) {
    // Whatever it is, it is for the reader to complain of: a request must not end the daemon.
    return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  }
}
