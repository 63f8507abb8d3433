// Before a request reaches a page: the headers of the web configuration, its rate, and its passwords.
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "../http-error.ts";
import { isReading, pathOf } from "../refuse.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import type { WebConfig } from "./web-config.ts";

/** Rejects with HttpError 401 or 429. */
export type Admission = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface AdmissionOptions {
  current: () => WebConfig;
  /** Whether a request carries the token: who may change something may also read. */
  hasToken: (request: IncomingMessage) => boolean;
  passwords?: Passwords;
  /** Milliseconds that never go backwards. */
  now?: () => number;
}

/** Whoever asks for them is a supervisor, and has to learn the truth. */
const HEALTH_PATHS: readonly string[] = ["/-/healthy", "/-/ready"];

export function createAdmission({
  current,
  hasToken,
  passwords = createPasswords(),
  now = () => performance.now(),
}: AdmissionOptions): Admission {
  const takeToken = createTokenBucket(now);
  return async (request, response) => {
    const config = current();
    for (const [name, value] of config.headers) response.setHeader(name, value);
    if (HEALTH_PATHS.includes(pathOf(request))) return;
    if (!takeToken(config.rateLimit)) {
      response.setHeader("Retry-After", Math.max(1, Math.ceil(config.rateLimit?.intervalSeconds ?? 1)));
      throw new HttpError(429, "too_many_requests", "more requests than rate_limit allows: try again later");
    }
    // What changes something needs the token in any case: no password stands for it, and it needs none beside it.
    if (config.users.size === 0 || !isReading(request) || hasToken(request)) return;
    const attempt = credentialsOf(request);
    if (attempt === undefined || !(await passwords.areRight(config.users, attempt))) {
      response.setHeader("WWW-Authenticate", 'Basic realm="pitcrew", charset="UTF-8"');
      throw new HttpError(401, "unauthorized", "this request needs a user's name and password: Authorization: Basic …");
    }
  };
}

/** Source: RFC 7617. */
function credentialsOf({ headers, socket }: IncomingMessage) {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1), from: socket.remoteAddress ?? "" };
}

/** As golang.org/x/time/rate: full at the start and after the limit was changed, a token more each interval. */
function createTokenBucket(now: () => number): (limit: WebConfig["rateLimit"]) => boolean {
  let limit: WebConfig["rateLimit"];
  let tokens = 0;
  let at = 0;
  return (wanted) => {
    if (wanted === undefined) return true;
    const time = now();
    if (wanted.burst !== limit?.burst || wanted.intervalSeconds !== limit.intervalSeconds) tokens = wanted.burst;
    else tokens = Math.min(wanted.burst, tokens + (time - at) / (wanted.intervalSeconds * 1000));
    limit = wanted;
    at = time;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
