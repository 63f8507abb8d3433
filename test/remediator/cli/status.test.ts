import { expect, test } from "vitest";
import { renderStatus } from "../../../remediator/cli/status.ts";
import { shown } from "./shown.ts";

test("control characters in what people have said of a pause are inert", () => {
  const pause = { id: "1", worker: null, reason: "night\u001b[2J\r", by: "ann\u0007", until: "2026-02-15T12:00:00Z" };
  const lines = renderStatus({ ...shown(), pauses: [pause] }, { colour: false });
  expect(lines.at(-1)).toBe("PAUSED  all workers until 2026-02-15T12:00:00Z by ann\\u{7}: night\\u{1b}[2J\\u{d}");
});
