// A screen that is refreshed in place: the terminal's other screen, so that what was there before is there again afterwards.
import { setTimeout as delay } from "node:timers/promises";

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Shows what `lines` gives, every so often and when the terminal's size changes, until a signal ends it. */
export async function refreshInPlace(
  screen: NodeJS.WriteStream,
  everyMs: number,
  lines: () => Promise<readonly string[]>,
): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  let next = new AbortController();
  const redraw = () => next.abort();
  for (const signal of SIGNALS) process.on(signal, end);
  ended.signal.addEventListener("abort", redraw);
  screen.on("resize", redraw);
  screen.write(ENTER);
  try {
    while (!ended.signal.aborted) {
      const shown = fitted(await lines(), screen.rows);
      // Home, text, clear to the end: this does not flicker as clearing first would.
      screen.write(`\u001b[H${shown.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
      next = new AbortController();
      if (ended.signal.aborted) break;
      await delay(everyMs, undefined, { signal: next.signal }).catch(() => undefined);
    }
  } finally {
    screen.write(LEAVE);
    screen.off("resize", redraw);
    for (const signal of SIGNALS) process.off(signal, end);
  }
}

/** A line too many would scroll the first one away. */
function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} lines more than this terminal is high`];
}
