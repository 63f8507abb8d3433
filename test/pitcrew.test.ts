// The executable as a shell sees it.
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "./support/pitcrew.ts";
import { runTool } from "./support/run-tool.ts";

test("a command whose reader has read enough ends quietly", async () => {
  const entry = join(PROJECT, "dist", "pitcrew.js");
  const { stdout, stderr } = await runTool("bash", [
    "-c",
    `"${process.execPath}" "${entry}" --help | true; echo "\${PIPESTATUS[0]}"`,
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: "0\n", stderr: "" });
});
