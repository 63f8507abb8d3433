// A web server with a web configuration of a test's own, and requests over TLS as clients make them.
import type { IncomingHttpHeaders } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { loadWebConfig } from "../../../config/web/load.ts";
import type { WebServerOptions } from "../../../daemon/web-server.ts";
import { writeFiles } from "../../support/prometheus.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { serve } from "../serve.ts";

export async function serveWebConfig(
  webConfig: string,
  files: Readonly<Record<string, string>> = {},
  options: Partial<WebServerOptions> = {},
) {
  const folder = temporaryDirectory();
  const write = (texts: Readonly<Record<string, string>>) => writeFiles(folder, texts);
  write({ ...files, "web.yml": webConfig });
  const server = await serve({
    readWebConfig: () => loadWebConfig(`${folder}/web.yml`, { isRoot: false }),
    ...options,
  });
  return { ...server, folder, write };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  protocol: string | null;
  cipher: string;
  resumed: boolean;
  serverCertificate: string | undefined;
}

/** One request on a connection of its own, unless an agent is given. Rejects when the connection is refused. */
export function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: new Agent({ keepAlive: false }), ...options }, (response) => {
      const socket = response.socket as TLSSocket;
      const { status, protocol, cipher, resumed, serverCertificate } = {
        status: response.statusCode ?? 0,
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        resumed: socket.isSessionReused(),
        serverCertificate: socket.getPeerX509Certificate()?.serialNumber,
      };
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () =>
        resolve({ status, headers: response.headers, body, protocol, cipher, resumed, serverCertificate }),
      );
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
