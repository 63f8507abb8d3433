// A pid namespace of its own, in which the next pid can be chosen: the only way to see a pid again within seconds.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../support/pitcrew.ts";

test("case 12: a pid that is used again between the sample and the kill is another process: no signal reaches it", async () => {
  const inside = join(PROJECT, "test", "root", "reuse-a-pid.ts");
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      "unshare",
      ["--pid", "--fork", "--mount-proc", process.execPath, "--import", "tsx", inside],
      { cwd: PROJECT, env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`this test needs root, unshare(1) and tsx: ${error.message}\n${stderr}`));
      },
    );
  });
  const seen = JSON.parse(output) as Record<string, unknown>;
  expect(seen).toEqual({
    samePid: true,
    sameIncarnation: false,
    terminate: { kind: "gone" },
    kill: { kind: "gone" },
    remains: 0,
    signals: "",
  });
});
