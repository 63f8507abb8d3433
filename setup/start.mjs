// npm start: sets everything up, then becomes the program itself, in this process, so that exactly one process handles Ctrl-C.
// npm run stack: the same with a real Prometheus and a real Alertmanager.
import { join } from "node:path";
import { ensureBinaries } from "./debian-packages.mjs";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { runEntry } from "./setup-error.mjs";
import { ensureToken } from "./token.mjs";

const given = process.argv.slice(2);
const withStack = given.includes("--stack");
const extra = given.filter((argument) => argument !== "--stack");

/** @type {string[]} */
let program = [];
await runEntry(async () => {
  await ensureInstalled();
  await ensureBuilt();
  ensureToken();
  if (withStack) {
    const { prometheus, alertmanager } = await ensureBinaries(["prometheus", "alertmanager"]);
    program = ["demo/stack.js", "--prometheus", prometheus, "--alertmanager", alertmanager];
  } else {
    program = ["pitcrew.js", "up", "--config.file", join(PROJECT, "demo", "pitcrew.yml"), "--view"];
  }
});

const [entry = "", ...args] = program;
const script = join(PROJECT, "dist", entry);
process.argv = [process.execPath, script, ...args, ...extra];
await import(script);
