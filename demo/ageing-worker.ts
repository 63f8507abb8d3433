// A worker of the demonstration that leaks nothing: it is renewed because it is old. On SIGTERM it writes its checkpoint
// and leaves with 0, as a worker should.
import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 1000;
const CHECKPOINT_MS = 300;

let steps = 0;
const asked = new AbortController();
process.once("SIGTERM", () => asked.abort());

console.log(`ageing: process ${process.pid} begins at step 1`);
while (!asked.signal.aborted) {
  // The step in hand is cut short by the request to end: the checkpoint holds all steps before it.
  await sleep(STEP_MS, undefined, { signal: asked.signal }).catch(() => undefined);
  steps += 1;
  if (steps % 10 === 0) console.log(`ageing: step ${steps}`);
}
console.log(`ageing: asked to end at step ${steps}, writing the checkpoint`);
await sleep(CHECKPOINT_MS);
console.log("ageing: checkpoint written");
