// The Express application that both daemons serve: its own routes, the daemon's, and one way of saying no.
import type { IncomingMessage } from "node:http";
import express from "express";
import { HttpError } from "./http-error.ts";
import { createPages, type PageOptions, setCommonHeaders } from "./pages.ts";
import { isReading, type RefuseOptions, refuse } from "./refuse.ts";

export interface WebAppOptions extends PageOptions, RefuseOptions {
  /** Adds the daemon's own routes. A POST that reaches them is authorized and its body is parsed JSON in `request.body`. */
  routes?: (app: express.Application) => void;
  /** What `POST /-/reload` does; a rejection is answered with its message. */
  onReload?: () => Promise<void>;
  /** Whether a request may change something. Undefined: none may. */
  authorizePost?: (request: IncomingMessage) => boolean;
  maxBodyBytes?: number;
}

export const DEFAULT_MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Of all bodies that are being received: beyond it the next one is told to come again. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

/** @param pages those of a server that answers them itself as a rule */
export function createWebApp(options: WebAppOptions, pages = createPages(options)): express.Application {
  const { name, onReload } = options;
  const app = express();
  app.disable("x-powered-by").set("etag", false).set("query parser", "simple");

  app.use((_request, response, next) => {
    setCommonHeaders(response);
    next();
  });
  app.use(authorizeChanges(options.authorizePost ?? (() => false)));

  for (const [path, page] of pages) app.get(path, page);
  if (onReload !== undefined) {
    app.post("/-/reload", async (_request, response) => {
      try {
        await onReload();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new HttpError(500, "reload_failed", message, { cause: error });
      }
      response.type("text/plain").send(`pitcrew ${name} is reloaded\n`);
    });
  }
  app.use(parseBody(options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES));
  options.routes?.(app);

  app.use(refuseUnrouted(app));
  app.use(answerError(options));
  return app;
}

/** Before anything of the body is read. */
function authorizeChanges(authorize: (request: IncomingMessage) => boolean): express.RequestHandler {
  return (request, response, next) => {
    const reads = isReading(request);
    if (!reads && isFromPage(request))
      throw new HttpError(403, "cross_site", "a page in a browser may change nothing here: use a command or a script");
    if (!reads && !authorize(request)) {
      response.set("WWW-Authenticate", 'Bearer realm="pitcrew"');
      throw new HttpError(401, "unauthorized", "this request needs the token: Authorization: Bearer …");
    }
    next();
  };
}

/** A browser adds Origin or Sec-Fetch-Site to what a page sends, and no page of ours sends anything. */
function isFromPage({ headers }: express.Request): boolean {
  const site = headers["sec-fetch-site"];
  return headers.origin !== undefined || (site !== undefined && site !== "none");
}

function parseBody(limit: number): express.RequestHandler {
  // A body's promised length is checked before it is read; a compressed body could grow without bound.
  const parse = express.json({ limit, inflate: false });
  let inFlight = 0;
  return (request, response, next) => {
    // What comes with a question is not read: anybody may ask, and would hold the room of those who may send something.
    if (isReading(request)) {
      next();
      return;
    }
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
    if (hasBody && request.is("application/json") === false)
      throw new HttpError(415, "unsupported_media_type", "expected application/json");
    // A length that is not promised may be any.
    const expected = hasBody ? Math.min(limit, encoding === undefined ? Number(length) : limit) : 0;
    if (expected > 0 && inFlight + expected > MAX_BYTES_IN_FLIGHT) {
      response.set("Retry-After", "1");
      throw new HttpError(503, "overloaded", "too much is being received at once: send it again");
    }
    inFlight += expected;
    response.once("close", () => {
      inFlight -= expected;
    });
    parse(request, response, next);
  };
}

/** 405 with Allow where the path exists for another method, else 404. */
function refuseUnrouted(app: express.Application): express.RequestHandler {
  return (request, response) => {
    const allowed = allowedMethods(app, request.path);
    if (allowed.length === 0) throw new HttpError(404, "not_found", "there is nothing at this path");
    response.set("Allow", allowed.join(", "));
    throw new HttpError(405, "method_not_allowed", `this path takes ${allowed.join(", ")}`);
  };
}

/** The parts of Express' router (5.3.0) that its types leave out. */
interface RoutedLayer {
  match(path: string): unknown;
  route?: { methods: Readonly<Record<string, boolean>> };
}

function allowedMethods(app: express.Application, path: string): string[] {
  const layers = app.router.stack as unknown as readonly RoutedLayer[];
  const methods = new Set<string>();
  for (const layer of layers) {
    if (layer.route === undefined || !layer.match(path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}

/** Express knows an error handler by its four parameters. */
function answerError(options: RefuseOptions): express.ErrorRequestHandler {
  return (error: unknown, request, response, _next) => refuse(request, response, error, options);
}
