// npm run stack: what it does when its ports are somebody else's.
import { chmodSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PROJECT } from "../support/pitcrew.ts";
import { writeFiles } from "../support/prometheus.ts";
import { runTool } from "../support/run-tool.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("a server of somebody else on a port of the stack is not taken for its own: nothing is started, and it says why", async () => {
  // It says that it is ready, as a Prometheus of this machine would. If the port is taken already, all the better.
  const foreign = createServer((_, response) => response.end("ready"));
  await new Promise<void>((resolve) => {
    foreign.once("error", () => resolve()).listen(9090, "127.0.0.1", () => resolve());
  });
  onTestFinished(() => void foreign.close());
  const folder = temporaryDirectory();
  const server = join(folder, "server");
  writeFiles(folder, { server: `#!/bin/sh\ntouch ${folder}/started\nexec sleep 600\n` });
  chmodSync(server, 0o755);
  const stack = join(PROJECT, "dist", "demo", "stack.js");
  const { code, stderr } = await runTool(process.execPath, [stack, "--prometheus", server, "--alertmanager", server]);
  expect(stderr).toContain("npm run stack: another program listens on 127.0.0.1:9090, where Prometheus is to run");
  expect(code).toBe(1);
  expect(existsSync(join(folder, "started"))).toBe(false);
});
