// Loaded into a pitcrew by --import: its wall clock is off by as many seconds as the file PITCREW_TEST_CLOCK says, from one look to the next, as
// when somebody sets the machine's clock. The monotonic clock is the real one.
import { readFileSync } from "node:fs";

const RealDate = Date;
const file = process.env.PITCREW_TEST_CLOCK ?? "";

function now() {
  return RealDate.now() + Number(readFileSync(file, "utf8")) * 1000;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) => (given.length === 0 ? new target(now()) : Reflect.construct(target, given)),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
});
