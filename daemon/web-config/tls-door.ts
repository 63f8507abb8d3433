// TLS in front of an HTTP server: each new connection gets the certificates and demands that are in force when it comes.
import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Log } from "../log.ts";
import type { TlsSettings, WebConfig } from "./web-config.ts";

export interface TlsDoorOptions {
  /** In force at the start: later configurations may be without. */
  settings: TlsSettings;
  current: () => WebConfig;
  handshakeMs: number;
  log: Log;
  /** Told of both: the plain socket when it connects, the encrypted one when it is let in. */
  onSocket: (socket: Socket) => void;
}

/**
 * From now on the server speaks TLS. Whether it does is decided at the start, as in every exporter; with which settings, for each
 * connection: Node's own HTTPS server could renew its certificate, but not what it demands of clients.
 */
export function putTlsInFrontOf(server: HttpServer, options: TlsDoorOptions): void {
  const { current, onSocket } = options;
  // What Node's HTTP server does with a connection, done with decrypted ones instead.
  const [serve] = server.listeners("connection");
  if (serve === undefined) throw new TypeError("an HTTP server that serves no connections");
  server.removeAllListeners("connection");
  const letIn = (socket: TLSSocket) => {
    onSocket(socket);
    serve.call(server, socket);
  };

  let { settings } = options;
  // It never listens: it is handed its connections.
  let tls = createTlsServer(settings, options, letIn);
  server.on("connection", (socket: Socket) => {
    onSocket(socket);
    const wanted = current().tls ?? settings;
    if (wanted !== settings) {
      settings = wanted;
      tls = createTlsServer(settings, options, letIn);
    }
    tls.emit("connection", socket);
  });
}

function createTlsServer(
  { options: tlsOptions, ...demands }: TlsSettings,
  { handshakeMs, log }: TlsDoorOptions,
  letIn: (socket: TLSSocket) => void,
) {
  const created = createServer({
    ...tlsOptions,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: handshakeMs,
    requestCert: demands.clientCertificate !== "not_asked",
    rejectUnauthorized: demands.clientCertificate === "required_and_verified",
  });
  created.on("secureConnection", (socket) => {
    const refusal = refusalOf(socket, demands);
    if (refusal === undefined) return letIn(socket);
    log.debug("TLS connection refused", { from: socket.remoteAddress, problem: refusal });
    socket.destroy();
  });
  created.on("tlsClientError", (error, socket) => {
    log.debug("TLS handshake failed", { from: socket.remoteAddress, err: error });
    socket.destroy();
  });
  return created;
}

/** What Go's TLS server checks within the handshake, Node's leaves to us, after it. */
function refusalOf(
  socket: TLSSocket,
  { clientCertificate, allowedSans }: Omit<TlsSettings, "options">,
): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return clientCertificate.startsWith("required") ? "the client showed no certificate" : undefined;
  if (clientCertificate === "verified_if_given" && !socket.authorized)
    return `the client's certificate is not trusted: ${String(socket.authorizationError)}`;
  const names = namesOf(certificate.subjectAltName ?? "");
  if (allowedSans !== undefined && !names.some((name) => allowedSans.includes(name)))
    return "the client's certificate carries none of client_allowed_sans";
  return undefined;
}

/** `DNS:a.example, IP Address:127.0.0.1, URI:…, email:…`; a value that could mislead is quoted as JSON. */
function namesOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ([, value = ""]) => (value.startsWith('"') ? (JSON.parse(value) as string) : value),
  );
}
