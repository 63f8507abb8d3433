// Loaded into a pitcrew by --import: it dies of SIGKILL at the point of its life that PITCREW_TEST_DIE_AT says. Points are counted right after
// every write of the journal, every signal and every start of a shim: between two of them nothing changes that outlives it. The name of the one
// that it died at goes to PITCREW_TEST_PLACE.
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const {
  PITCREW_TEST_COUNT_FROM: countFrom = "",
  PITCREW_TEST_COUNT_UNTIL: countUntil,
  PITCREW_TEST_DIE_AT: dieAt,
  PITCREW_TEST_PLACE: place = "",
} = process.env;
const kill = process.kill.bind(process);
const append = fs.appendFileSync;
let passed = 0;
let counting = countFrom === "";
let over = false;

/** @param {string} name */
function point(name) {
  counting ||= name.includes(countFrom);
  over ||= counting && name === countUntil;
  if (!counting || over || passed++ !== Number(dieAt)) return;
  append(place, `${name}\n`);
  kill(process.pid, "SIGKILL");
}

/**
 * @template T
 * @param {(given: any[]) => string | undefined} name
 * @param {any[]} given
 * @param {() => T} act
 */
function counted(name, given, act) {
  const what = name(given);
  if (what === undefined) return act();
  const result = act();
  point(what);
  return result;
}

/**
 * @param {any} object
 * @param {string} key
 * @param {(given: any[]) => string | undefined} name
 */
function watched(object, key, name) {
  object[key] = new Proxy(object[key], {
    apply: (original, self, given) => counted(name, given, () => Reflect.apply(original, self, given)),
  });
}

watched(fs, "writeSync", ([, bytes]) => {
  const text = Buffer.isBuffer(bytes) ? bytes.toString("utf8") : "";
  if (!text.startsWith('{"seq":')) return undefined;
  const { entry } = JSON.parse(text.slice(0, text.indexOf("\n")));
  return `write of ${entry.type}${entry.type === "incident" ? ` (${entry.incident.state})` : ""}`;
});
watched(childProcess, "spawn", (given) => (JSON.stringify(given).includes("shim.sh") ? "spawn" : undefined));
watched(process, "kill", ([, signal]) => (signal === 0 ? undefined : `kill with ${signal}`));
syncBuiltinESMExports();
