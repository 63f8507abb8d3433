// The pages that both daemons have, as plain node:http handlers: what is asked for most waits for no framework to load.
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipOf, wantsGzip } from "./gzip.ts";
import { HttpError } from "./http-error.ts";
import { type LandingPage, renderLandingPage } from "./landing-page.ts";

export interface PageOptions {
  /** `exporter` or `remediator`. */
  name: string;
  /** @param timeoutMs what the scraper says that it will wait */
  metrics: (
    accept: string | undefined,
    timeoutMs: number | undefined,
  ) => Promise<{ contentType: string; body: Buffer }>;
  landing: () => LandingPage;
  ready: () => boolean;
  /** Scrapes answered at the same time; more are refused. */
  maxConcurrentScrapes?: number;
}

export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** As node_exporter's `--web.max-requests`. */
export const DEFAULT_MAX_CONCURRENT_SCRAPES = 40;

/** A smaller answer fits into one packet anyway. */
const WORTH_COMPRESSING_BYTES = 1024;

/** By path; each answers GET and HEAD. An error that a handler throws is the caller's to answer. */
export function createPages(options: PageOptions): ReadonlyMap<string, PageHandler> {
  const { name, landing, ready } = options;
  return new Map<string, PageHandler>([
    [
      "/",
      (_request, response) => {
        // A web configuration may name its own.
        if (!response.hasHeader("Content-Security-Policy"))
          response.setHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        send(response, "text/html; charset=utf-8", Buffer.from(renderLandingPage(landing())));
      },
    ],
    ["/metrics", metricsPage(options)],
    ["/-/healthy", (_request, response) => sendText(response, `pitcrew ${name} is healthy\n`)],
    [
      "/-/ready",
      (_request, response) => {
        if (!ready()) throw new HttpError(503, "not_ready", `pitcrew ${name} is not ready`);
        sendText(response, `pitcrew ${name} is ready\n`);
      },
    ],
  ]);
}

export function setCommonHeaders(response: ServerResponse): void {
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Cache-Control", "no-store");
}

function metricsPage({ metrics, maxConcurrentScrapes = DEFAULT_MAX_CONCURRENT_SCRAPES }: PageOptions): PageHandler {
  let scrapes = 0;
  return async (request, response) => {
    if (scrapes >= maxConcurrentScrapes)
      throw new HttpError(503, "overloaded", `${scrapes} scrapes are being answered already`);
    scrapes++;
    // Not before the answer is read, or the scraper gone.
    response.once("close", () => scrapes--);
    const { accept, "accept-encoding": encodings } = request.headers;
    const { contentType, body } = await metrics(accept, timeoutOf(request));
    response.setHeader("Vary", "Accept, Accept-Encoding");
    if (body.length >= WORTH_COMPRESSING_BYTES && wantsGzip(encodings)) {
      response.setHeader("Content-Encoding", "gzip");
      send(response, contentType, await gzipOf(body));
    } else {
      send(response, contentType, body);
    }
  };
}

/** Undefined unless it is a time: nobody has to say, and what is said wrongly is not believed. */
function timeoutOf({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers["x-prometheus-scrape-timeout-seconds"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function sendText(response: ServerResponse, text: string): void {
  send(response, "text/plain; charset=utf-8", Buffer.from(text));
}

function send(response: ServerResponse, contentType: string, body: Buffer): void {
  response.setHeader("Content-Type", contentType);
  response.setHeader("Content-Length", body.length);
  response.end(body);
}
