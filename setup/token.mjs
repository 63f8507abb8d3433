// The demonstration's webhook token: made once, readable by this user alone.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT } from "./place.mjs";

export const DEMO_TOKEN = join(PROJECT, ".cache", "demo", "webhook.token");

export function ensureToken(file = DEMO_TOKEN) {
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    if (/** @type {NodeJS.ErrnoException} */ (cause).code !== "EEXIST") throw cause;
  }
}
