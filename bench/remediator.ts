// npm run bench -- remediator [--quick] [--only=NAME,…]: how soon a worker is renewed, beside its peers, in one run; prints tables, writes
// .cache/bench/remediator.json.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBinaries } from "../setup/debian-packages.mjs";
import { Dummies } from "./measuring/dummies.ts";
import { idle, residentMemory } from "./measuring/resting.ts";
import { BENCH_CACHE, publish } from "./measuring/results.ts";
import { ensurePm2 } from "./remediator/pm2.ts";
import { reactions } from "./remediator/reactions.ts";
import { type Outcome, reactionTable, rowsOf } from "./remediator/report.ts";
import { contestants } from "./remediator/subjects.ts";
import { webhookTimes } from "./remediator/webhook.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const isQuick = values.quick === true;
const only = values.only?.split(",");
const folder = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
const dummies = new Dummies(BENCH_CACHE);
const clock = dummies.clock();
try {
  const binaries = await ensureBinaries(["prometheus", "alertmanager", "monit"]);
  const pm2 = ensurePm2();
  const bench = { dummies, clock, folder, effort: isQuick ? 0.3 : 1 };
  const outcome: Outcome = {};
  const scenario = async <Name extends keyof Outcome>(name: Name, run: () => Promise<Outcome[Name]>) => {
    if (only !== undefined && !only.includes(name)) return;
    console.log(`… ${name}`);
    outcome[name] = await run();
  };
  await scenario("webhook", async () => {
    const alerts = isQuick ? 20 : 200;
    const times = (isDiskBusy: boolean) =>
      webhookTimes({ folder: join(folder, isDiskBusy ? "busy" : "idle"), alerts, isDiskBusy });
    return new Map([
      ["idle", await times(false)],
      ["busy", await times(true)],
    ]);
  });
  await scenario("reactions", () =>
    reactions({
      contestants: contestants({ ...binaries, pm2 }),
      deployments: isQuick ? 1 : 6,
      trials: isQuick ? 3 : 14,
      folder,
    }),
  );
  await scenario("memory", () => residentMemory(bench));
  await scenario("idle", () => idle(bench));

  if (outcome.reactions !== undefined) console.log(`\n${reactionTable(outcome.reactions)}`);
  const measured = Object.fromEntries(
    Object.entries(outcome).map(([name, figures]) => [name, Object.fromEntries(figures)]),
  );
  publish("remediator", { rows: rowsOf(outcome), measured, programs: { ...binaries, pm2 } });
} finally {
  await clock.end();
  rmSync(folder, { recursive: true, force: true });
}
