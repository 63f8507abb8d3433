// The HTTP server of a daemon: bounded in time and size, one sentence when it cannot listen, quick to close.
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createDispatcher } from "./dispatch.ts";
import { ListenError } from "./listen-error.ts";
import type { WebAppOptions } from "./web-app.ts";
import { createAdmission } from "./web-config/admission.ts";
import { type WebConfig, watchWebConfig } from "./web-config/web-config.ts";

export interface WebServerOptions extends WebAppOptions {
  /** Port 0: any free one. */
  listen: { host: string; port: number };
  /** TLS, passwords, headers and rate; undefined: plain HTTP for everybody. */
  readWebConfig?: () => WebConfig;
  /** Told when the web configuration was read again, and whether it is good. */
  onWebConfig?: (isGood: boolean) => void;
  timeouts?: Partial<WebTimeouts>;
}

export interface WebTimeouts {
  /** For the whole head of a request, counted from the connection. */
  headersMs: number;
  /** For the whole request, body included. */
  requestMs: number;
  /** Nothing moves in either direction: a client that does not read its answer. */
  inactivityMs: number;
  /** Between two requests. Above the five minutes of Go's clients: so it is never we who close under a webhook. */
  keepAliveMs: number;
  /** For open requests when the server closes. */
  closeMs: number;
  /** How often the first two are checked. */
  checkMs: number;
}

const TIMEOUTS: WebTimeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  inactivityMs: 60_000,
  keepAliveMs: 330_000,
  closeMs: 2000,
  // Each check wakes a daemon that has nothing else to do.
  checkMs: 15_000,
};

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 512;

export interface WebServer {
  address: string;
  port: number;
  /** With a trailing slash. */
  url: string;
  /** Idle connections end at once, requests being answered within a bound. */
  close(): Promise<void>;
}

/** @throws ListenError, and what is wrong with the web configuration */
export async function startWebServer(webOptions: WebServerOptions): Promise<WebServer> {
  const { listen, timeouts, readWebConfig, onWebConfig = () => undefined, ...options } = webOptions;
  const { log, authorizePost = () => false } = options;
  const limits = { ...TIMEOUTS, ...timeouts };
  const webConfig =
    readWebConfig === undefined ? undefined : watchWebConfig({ read: readWebConfig, log, onRead: onWebConfig });
  const admit = webConfig && createAdmission({ current: webConfig, hasToken: authorizePost });
  let closing = false;
  // By peer. Connected ahead of a first request, as browsers do: Node does not count these among the idle.
  const unused = new Map<string, Socket>();
  const dispatch = createDispatcher({ ...options, ready: () => !closing && options.ready() }, admit);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      noDelay: true,
    },
    (request, response) => {
      unused.delete(peerOf(request.socket));
      if (closing) response.setHeader("Connection", "close");
      response.once("close", () => {
        if (closing) server.closeIdleConnections();
      });
      dispatch(request, response);
    },
  );
  const onSocket = (socket: Socket) => {
    const peer = peerOf(socket);
    unused.set(peer, socket);
    socket.once("close", () => unused.delete(peer));
  };
  const settings = webConfig?.().tls;
  if (webConfig !== undefined && settings !== undefined) {
    const { putTlsInFrontOf } = await import("./web-config/tls-door.ts");
    putTlsInFrontOf(server, { settings, current: webConfig, handshakeMs: limits.headersMs, log, onSocket });
  } else server.on("connection", onSocket);
  server.setTimeout(limits.inactivityMs);
  server.maxConnections = MAX_CONNECTIONS;

  const { address, port } = await listenOn(server, options.name, listen);
  server.on("error", (error) => log.error("web server", { err: error }));
  return {
    address,
    port,
    url: `${settings === undefined ? "http" : "https"}://${authority(reachable(address), port)}/`,
    close() {
      closing = true;
      for (const socket of unused.values()) socket.destroy();
      return closeWithin(server, limits.closeMs);
    },
  };
}

function listenOn(server: Server, name: string, { host, port }: { host: string; port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new ListenError(name, authority(host, port), error));
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new TypeError("expected an internet address"));
      else resolve(address);
    });
  });
}

function closeWithin(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), milliseconds);
    // Closing twice is an error that means: done.
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "Every address" is none that a browser could open. */
function reachable(address: string): string {
  return address === "0.0.0.0" || address === "::" ? "localhost" : address;
}

/** The same for a connection and for what TLS makes of it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
