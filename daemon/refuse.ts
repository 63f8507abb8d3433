// The one way in which a daemon says no: `{code, message}`, logged, counted, and never a stack.
import type { IncomingMessage, ServerResponse } from "node:http";
import { toHttpError } from "./http-error.ts";
import type { Log } from "./log.ts";

export interface Refusal {
  method: string;
  path: string;
  status: number;
  code: string;
}

export interface RefuseOptions {
  /** Called for each 4xx and 5xx, so that a daemon can count them. */
  onRefused?: (refusal: Refusal) => void;
  log: Log;
}

/** The same answer whatever NODE_ENV says. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  { log, onRefused }: RefuseOptions,
): void {
  const { status, code, message } = toHttpError(error);
  const facts = { method: request.method ?? "", path: pathOf(request), status, code };
  if (status >= 500 && status !== 503) log.error("request failed", { ...facts, err: error });
  else log.debug("request refused", facts);
  onRefused?.(facts);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify({ code, message }));
  response.statusCode = status;
  response.removeHeader("Content-Encoding");
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

/** Without its query. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

/** Methods that change nothing. */
export function isReading({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
