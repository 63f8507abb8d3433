// A web server on a free port for one test, and raw connections to it.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createLog } from "../../daemon/log.ts";
import { startWebServer, type WebServer, type WebServerOptions } from "../../daemon/web-server.ts";

export const AUTHORIZED = { Authorization: "Bearer secret" };

/** Closed when the test is over. */
export async function serve(options: Partial<WebServerOptions> = {}): Promise<WebServer & { lines: string[] }> {
  const lines: string[] = [];
  const server = await startWebServer({
    name: "exporter",
    listen: { host: "127.0.0.1", port: 0 },
    metrics: () =>
      Promise.resolve({ contentType: "text/plain; version=0.0.4; charset=utf-8", body: Buffer.from("a 1\n") }),
    landing: () => ({
      title: "pitcrew exporter",
      description: "It <measures>.",
      facts: { host: '"><script>' },
      links: [{ href: "metrics", text: "Metrics" }],
    }),
    ready: () => true,
    authorizePost: ({ headers }) => headers.authorization === AUTHORIZED.Authorization,
    log: createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) }),
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, lines };
}

/** A connection that the test's end closes. A server that gives up on a client may reset it: that is no error here. */
export function connectTo(server: WebServer): Socket {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

/** Sends raw bytes and resolves with everything that came back until the end. */
export async function raw(server: WebServer, bytes: string): Promise<string> {
  const socket = connectTo(server);
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.write(bytes);
  await once(socket, "close");
  return answer;
}
