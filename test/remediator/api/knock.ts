// A plain HTTP client at both doors of a remediator: its port and its control socket.
import { request } from "node:http";
import { controlSocketPath } from "../../../worker/files/run-directory.ts";
import type { Started } from "./site.ts";

interface Plain {
  status: number;
  body: unknown;
}

/** Sends the path as it is: fetch would tidy it up. */
export function send(
  where: { host: string; port: string } | { socketPath: string },
  {
    method,
    path,
    headers = {},
    body,
  }: { method: string; path: string; headers?: Record<string, string>; body?: string },
): Promise<Plain> {
  const length = body === undefined ? undefined : { "Content-Length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...where, method, path, headers: length === undefined ? headers : { ...headers, ...length }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          let parsed: unknown = text;
          try {
            parsed = JSON.parse(text);
          } catch {
            // A page.
          }
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export function doorsOf(site: Started, runDirectory: string) {
  const { hostname: host, port } = new URL(site.url);
  return [{ host, port }, { socketPath: controlSocketPath(runDirectory) }] as const;
}
