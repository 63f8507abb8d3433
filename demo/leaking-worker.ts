// A worker of the demonstration: does its job and holds a few more MiB every second, up to a cap of its own, so that it
// is harmless even where nobody watches it.
import { parseArgs } from "node:util";

const MIB = 1024 * 1024;
const TICK_MS = 250;

const { values } = parseArgs({
  options: {
    "mib-per-second": { type: "string", default: "3" },
    "at-most-mib": { type: "string", default: "128" },
  },
});
const mibPerSecond = Number(values["mib-per-second"]);
const atMostMib = Number(values["at-most-mib"]);

const leaked: Buffer[] = [];
const began = performance.now();
let reported = 0;
console.log(`leak-typescript: process ${process.pid} takes its first job`);

setInterval(() => {
  const wanted = Math.min(atMostMib, ((performance.now() - began) / 1000) * mibPerSecond);
  // Filled, not only allocated: memory counts when its pages are touched.
  while (leaked.length < Math.floor(wanted)) leaked.push(Buffer.alloc(MIB, 1));
  if (leaked.length < reported + 12) return;
  reported = leaked.length;
  console.log(`leak-typescript: job ${reported / 12} done, ${reported} MiB not given back`);
}, TICK_MS);
