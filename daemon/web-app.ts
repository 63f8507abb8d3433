// The Express application that both daemons serve: its own routes, the daemon's, and one way of saying no.
import express from "express";
import { HttpError, toHttpError } from "./http-error.ts";
import { type LandingPage, renderLandingPage } from "./landing-page.ts";
import type { Log } from "./log.ts";

export interface Refusal {
  method: string;
  path: string;
  status: number;
  code: string;
}

export interface WebAppOptions {
  /** `exporter` or `remediator`. */
  name: string;
  /** Adds the daemon's own routes. A POST that reaches them is authorized and its body is parsed JSON in `request.body`. */
  routes?: (app: express.Application) => void;
  metrics: (accept: string | undefined) => Promise<{ contentType: string; body: Buffer }>;
  landing: () => LandingPage;
  ready: () => boolean;
  /** What `POST /-/reload` does; a rejection is answered with its message. */
  onReload?: () => Promise<void>;
  /** Whether a request may change something. Undefined: none may. */
  authorizePost?: (request: express.Request) => boolean;
  maxBodyBytes?: number;
  /** Called for each 4xx and 5xx, so that a daemon can count them. */
  onRefused?: (refusal: Refusal) => void;
  log: Log;
}

export const DEFAULT_MAX_BODY_BYTES = 8 * 1024 * 1024;

export function createWebApp(options: WebAppOptions): express.Application {
  const { name, landing, metrics, ready, onReload } = options;
  const app = express();
  app.disable("x-powered-by").set("etag", false).set("query parser", "simple");

  app.use((_request, response, next) => {
    response.set({ "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" });
    next();
  });
  app.use(authorizeChanges(options.authorizePost ?? (() => false)));

  app.get("/", (_request, response) => {
    response.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    response.type("html").send(renderLandingPage(landing()));
  });
  app.get("/metrics", async (request, response) => {
    const { contentType, body } = await metrics(request.headers.accept);
    // Not `send`: it would rewrite the content type.
    response.setHeader("Content-Type", contentType);
    response.setHeader("Vary", "Accept");
    response.setHeader("Content-Length", body.length);
    response.end(body);
  });
  app.get("/-/healthy", (_request, response) => {
    response.type("text/plain").send(`pitcrew ${name} is healthy\n`);
  });
  app.get("/-/ready", (_request, response) => {
    if (!ready()) throw new HttpError(503, "not_ready", `pitcrew ${name} is not ready`);
    response.type("text/plain").send(`pitcrew ${name} is ready\n`);
  });
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
function authorizeChanges(authorize: (request: express.Request) => boolean): express.RequestHandler {
  return (request, response, next) => {
    const reads = request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
    if (!reads && !authorize(request)) {
      response.set("WWW-Authenticate", 'Bearer realm="pitcrew"');
      throw new HttpError(401, "unauthorized", "this request needs the token: Authorization: Bearer …");
    }
    next();
  };
}

function parseBody(limit: number): express.RequestHandler {
  // A body's promised length is checked before it is read; a compressed body could grow without bound.
  const parse = express.json({ limit, inflate: false });
  return (request, response, next) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
    if (hasBody && request.is("application/json") === false)
      throw new HttpError(415, "unsupported_media_type", "expected application/json");
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

/** The same answer whatever NODE_ENV says: `{code, message}`, never a stack. */
function answerError({ log, onRefused }: WebAppOptions): express.ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const refused = toHttpError(error);
    const { status, code } = refused;
    const facts = { method: request.method, path: request.path, status, code };
    if (status >= 500 && status !== 503) log.error("request failed", { ...facts, err: error });
    else log.debug("request refused", facts);
    onRefused?.({ method: request.method, path: request.path, status, code });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(status).json({ code, message: refused.message });
  };
}
