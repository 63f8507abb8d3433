// GET /api/v2/silences: bounded in time and size, no redirect followed.
import { get as getHttp, type IncomingMessage } from "node:http";
import type { AlertmanagerConfig } from "../../config/config.ts";
import { readRegularFile } from "../../worker/files/read-strictly.ts";

/** Thousands of silences; expired ones are kept for days and listed too. */
const MAX_BYTES = 8 * 1024 * 1024;

/** @throws a sentence about what went wrong */
export async function askAlertmanager({ url, credentialsFile, timeoutSeconds }: AlertmanagerConfig): Promise<unknown> {
  const get = url.startsWith("https:") ? (await import("node:https")).get : getHttp;
  const headers = credentialsFile === undefined ? {} : { Authorization: `Bearer ${tokenOf(credentialsFile)}` };
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const text = await new Promise<string>((resolve, reject) => {
    const request = get(`${url}/api/v2/silences`, { headers, signal, agent: false }, (response) => {
      void bodyOf(response).then(resolve, reject);
    });
    request.once("error", (cause) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutSeconds} s`, { cause }) : cause),
    );
  });
  return JSON.parse(text) as unknown;
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answered ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error("its answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tokenOf(file: string): string {
  const read = readRegularFile(file);
  if (read.kind === "ok" && read.value.trim() !== "") return read.value.trim();
  throw new Error(`${file}: no token can be read there`);
}
