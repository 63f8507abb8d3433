// A child process whose files may not grow beyond a limit: it fills a journal until the system refuses, and goes on when told that there
// is room again. Says `full` and `went on`, each with what it knows, one JSON line each.
import { Journal, JournalError } from "../../../remediator/incidents/journal.ts";

const [directory = ""] = process.argv.slice(2);
const { journal } = Journal.open(directory, "boot");
const text = "x".repeat(300);
let kept = 0;
for (;;) {
  try {
    journal.append(
      [
        { type: "resume", id: text, by: "a" },
        { type: "resume", id: text, by: "b" },
      ],
      { mono: 1, wall: 1 },
      kept % 4 === 0,
    );
    kept += 2;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    console.log(JSON.stringify({ said: "full", kept, message: error.message, code: error.code }));
    break;
  }
}
process.stdin.once("data", () => {
  const records = journal.append([{ type: "clear", worker: "w", by: "c" }], { mono: 2, wall: 2 }, true);
  journal.close();
  console.log(JSON.stringify({ said: "went on", seq: records[0]?.seq }));
  process.stdin.pause();
});
