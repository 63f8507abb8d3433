import { join } from "node:path";
import { expect, test } from "vitest";
import { wantsColour } from "../../../remediator/cli/colour.ts";
import { PROJECT } from "../../support/pitcrew.ts";
import { openTerminal } from "../../support/terminal.ts";

test("a pipe or a file has no colours", () => {
  expect(wantsColour({})).toBe(false);
  expect(wantsColour({ isTTY: true, hasColors: () => false })).toBe(false);
  expect(wantsColour({ isTTY: true, hasColors: () => true })).toBe(true);
});

test.each([
  [{}, true],
  [{ NO_COLOR: "1" }, false],
  [{ TERM: "dumb" }, false],
])("in a real terminal with %o: %s", async (environment, expected) => {
  // Node shows no colours to a CI it does not know, terminal or not.
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_DISABLE_COLORS: ___, CI: ____, ...base } = process.env;
  const module = join(PROJECT, "dist", "remediator", "cli", "colour.js");
  const script = `const { wantsColour } = await import(${JSON.stringify(module)}); console.log(wantsColour(process.stdout));`;
  const terminal = openTerminal([process.execPath, "--input-type=module", "-e", script], {
    ...base,
    TERM: "xterm",
    ...environment,
  });
  await terminal.ended;
  expect(terminal.shown()).toContain(String(expected));
});
