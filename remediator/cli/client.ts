// How a command reaches the remediator: HTTP over control.sock.
import { request } from "node:http";
import { userInfo } from "node:os";
import { controlSocketPath } from "../../worker/files/run-directory.ts";

/** The remediator does not run, or this user may not speak to it. */
export class Unreachable extends Error {
  readonly code = "unreachable";
}

export interface Answer {
  status: number;
  body: unknown;
}

const TIMEOUT_MS = 10_000;

/** @throws Unreachable */
export function ask(
  runDirectory: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> {
  const socketPath = controlSocketPath(runDirectory);
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        method,
        path,
        timeout: TIMEOUT_MS,
        agent: false,
        headers:
          text === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString("utf8")) }),
        );
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on("error", (cause) => reject(new Unreachable(whyNot(socketPath, cause), { cause })));
    sent.end(text);
  });
}

/** The `message` of an error answer. */
export function messageOf(answer: Answer): string {
  const { body } = answer;
  return typeof body === "object" && body !== null && "message" in body
    ? String(body.message)
    : `HTTP status ${answer.status}`;
}

/** Who the journal names for an order given here. */
export function operatorName(): string {
  return process.env.SUDO_USER ?? userInfo().username;
}

function whyNot(socketPath: string, cause: Error): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ECONNREFUSED")
    return `the remediator does not run (nothing answers at ${socketPath})`;
  if (code === "EACCES")
    return `this user may not open ${socketPath}: run it with sudo, as the remediator's user, or as a member of the socket's group (pitcrew-operators)`;
  return `the remediator at ${socketPath} does not answer: ${cause.message}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
