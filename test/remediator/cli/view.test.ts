import { describe, expect, test } from "vitest";
import { View } from "../../../remediator/cli/view.ts";
import { shown } from "./shown.ts";

const ESCAPE = "\u001b";

/** What has been written to a terminal of this width. */
function terminal({ colour = false, columns = 80 } = {}) {
  let text = "";
  const view = new View({
    write: (more) => {
      text += more;
    },
    tty: true,
    colour,
    columns: () => columns,
    status: () =>
      shown([{ worker: "a-worker-with-quite-a-long-name", restarts: { memory_limit: 12, age: 3, other: 4 } }]),
    now: () => new Date("2026-02-15T12:00:00Z"),
  });
  return { view, text: () => text };
}

function refused(worker: string, alertname: string) {
  return { type: "refused", reason: "unknown_worker", alertname, worker, host: "h", source: "webhook" } as const;
}

describe("the view", () => {
  test("makes control characters in the labels of a refused alert inert", () => {
    const { view, text } = terminal();
    view.entries([refused(`w${ESCAPE}]0;title\u0007`, `A${ESCAPE}[2J\r\nB\u202e`)]);
    const [line] = text().split("\n");
    expect(line).toContain("w\\u{1b}]0;title\\u{7}");
    expect(line).toContain("A\\u{1b}[2J\\u{d}\\u{a}B\\u{202e}");
  });

  test("writes no line that the terminal would wrap, so that redrawing erases what it drew", () => {
    const { view, text } = terminal({ columns: 60 });
    view.start();
    view.stop();
    const lines = text().split("\n");
    expect(lines.some((line) => line.startsWith("WORKER"))).toBe(true);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  test("has colours only where they are wanted", () => {
    const plain = terminal();
    plain.view.entries([refused("w", "A")]);
    plain.view.start();
    plain.view.stop();
    expect(plain.text()).not.toContain(`${ESCAPE}[3`);
    const coloured = terminal({ colour: true });
    coloured.view.entries([refused("w", "A")]);
    expect(coloured.text()).toContain(`${ESCAPE}[33m`);
  });
});
