// One program under measurement: its process, and a keep-alive connection that scrapes it.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { connect, createServer } from "node:net";
import { endOf, endWithUs } from "./children.ts";

export interface SubjectPlan {
  name: string;
  argv: (port: number) => readonly [string, ...string[]];
}

export class Subject {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  private constructor(name: string, child: ChildProcess, port: number) {
    this.name = name;
    this.#child = child;
    this.#port = port;
  }

  /** @returns when it has answered for the first time; `firstAnswerMs` is counted from before the spawn */
  static async start({ name, argv }: SubjectPlan): Promise<{ subject: Subject; firstAnswerMs: number }> {
    const port = await freePort();
    const [command, ...args] = argv(port);
    const began = performance.now();
    const child = endWithUs(spawn(command, args, { stdio: ["ignore", "ignore", "ignore"] }));
    const subject = new Subject(name, child, port);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${name} ended with exit code ${child.exitCode}`);
      if (await isListening(port)) break;
      if (performance.now() - began > 30_000) throw new Error(`${name} does not listen on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await subject.scrape();
    return { subject, firstAnswerMs: performance.now() - began };
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} has not started`);
    return this.#child.pid;
  }

  /** From the first byte sent to the last byte read. */
  scrape(headers: Record<string, string> = {}): Promise<{ milliseconds: number; body: string }> {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const request = get(
        { host: "127.0.0.1", port: this.#port, path: "/metrics", agent: this.#agent, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const milliseconds = performance.now() - began;
            if (response.statusCode !== 200) reject(new Error(`${this.name}: HTTP ${response.statusCode}`));
            else resolve({ milliseconds, body: Buffer.concat(chunks).toString() });
          });
        },
      );
      request.on("error", reject);
    });
  }

  residentMib(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  async end(): Promise<void> {
    this.#agent.destroy();
    await endOf(this.#child);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
