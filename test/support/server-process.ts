// A real server that a test starts on a port of its own, waits for, and ends by its pid.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { afterAll, onTestFinished } from "vitest";
import { eventually } from "./eventually.ts";

export interface ServerProcess {
  readonly pid: number;
  /** Everything that it wrote so far, for messages. */
  readonly output: () => string;
  /** Ends it, by SIGKILL if the signal did not within the deadline, and resolves when it is gone. Harmless when it is. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export interface ServerOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  /** Answers 200 when the server is ready. */
  readyUrl: string;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/**
 * Resolves when it is ready. It is stopped, if it still runs, when the running test ends; outside of a test (at the top of a file, in
 * `beforeAll`), when the file ends.
 * @throws with the server's output, if it ends before it is ready or is not ready in time.
 */
export async function startServer({ command, args, cwd, readyUrl }: ServerOptions): Promise<ServerProcess> {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let failure: Error | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  child.once("error", (error) => {
    failure = error;
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    await end(child, signal);
    process.removeListener("exit", killWithUs);
  };
  whenTestIsOver(stop);
  try {
    await eventually(
      async () => {
        if (failure !== undefined) throw failure;
        if (hasEnded(child)) throw new Error(`${command} ended before it was ready`);
        return await answers(readyUrl);
      },
      { what: `${command} to be ready at ${readyUrl}`, within: READY_WITHIN_MS },
    );
  } catch (error) {
    await stop("SIGKILL");
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`, { cause: error });
  }
  return { pid: child.pid ?? 0, output: () => output, stop };
}

function whenTestIsOver(stop: () => Promise<void>): void {
  try {
    onTestFinished(() => stop());
  } catch {
    afterAll(() => stop());
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await gone;
  clearTimeout(deadline);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago: for servers that cannot tell which one they took of port 0. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("no free port");
  return port;
}

/** Distinct ones: all are held until the last is known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
}

/** Free ports are a promise that another process may break: a server that lost its port in between is started once more. */
export async function withFreePorts<T>(count: number, start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      const lostPort = error instanceof Error && error.message.includes("address already in use");
      if (!lostPort || attempt === 3) throw error;
    }
  }
}
