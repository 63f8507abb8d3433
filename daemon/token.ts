// The bearer token that every POST needs: loopback is not authentication.
import { createHash, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { basename, join } from "node:path";
import { describeError, type Log } from "./log.ts";

/** Longer is no token; also the bound of what is read. */
const MAX_TOKEN_BYTES = 4096;

/**
 * Answers whether a request carries `Authorization: Bearer <content of the file>`. The file is read for each request,
 * as Prometheus and Alertmanager do, so a new token needs no restart. Without a file nobody is authorized. Where systemd hands us a file of
 * the same name (LoadCredential=), that is the one: the named file may then be for root only, and a new token does need a restart.
 * @param currentFile asked for each request too, because a reload may name another file.
 */
export function tokenAuthorizer(
  currentFile: () => string | undefined,
  log: Log,
  environment: NodeJS.ProcessEnv = process.env,
): (request: IncomingMessage) => boolean {
  return (request) => {
    const file = currentFile();
    if (file === undefined) return false;
    const sent = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (sent === undefined) return false;
    const read = readToken(credentialOf(file, environment));
    if ("problem" in read) log.error(`${read.problem}: every POST is refused`, { file, err: read.err });
    return "token" in read && timingSafeEqual(digest(sent), digest(read.token));
  };
}

/** Why no request can be authorized at present; undefined if all is well. */
export function tokenProblem(file: string): string | undefined {
  const read = readToken(credentialOf(file, process.env));
  if ("token" in read) return undefined;
  return read.err === undefined ? read.problem : `${read.problem} (${describeError(read.err)})`;
}

/** Source: systemd.exec(5), Credentials. */
function credentialOf(file: string, { CREDENTIALS_DIRECTORY: folder }: NodeJS.ProcessEnv): string {
  const handed = folder === undefined ? file : join(folder, basename(file));
  return existsSync(handed) ? handed : file;
}

function readToken(file: string): { token: string } | { problem: string; err?: unknown } {
  try {
    const buffer = Buffer.alloc(MAX_TOKEN_BYTES + 1);
    const descriptor = openSync(file, "r");
    let length: number;
    try {
      length = readSync(descriptor, buffer);
    } finally {
      closeSync(descriptor);
    }
    const token = buffer.toString("utf8", 0, length).trim();
    if (token !== "" && length <= MAX_TOKEN_BYTES) return { token };
    return { problem: "the token file is empty or too long" };
  } catch (err) {
    return { problem: "the token file cannot be read", err };
  }
}

/** Equal lengths for the comparison, so that not even the token's length shows in its time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
