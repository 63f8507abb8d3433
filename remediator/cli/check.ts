// `pitcrew check`: the configuration's own check, given what the guard knows of rules.

import { check } from "../../config/check.ts";
import type { Config } from "../../config/config.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { loadRules } from "../guard/rules.ts";
import { type WouldDo, wouldDoNow } from "../guard/would-do.ts";
import { comparison, seconds } from "../incidents/phrases.ts";
import type { Reason } from "../incidents/reason.ts";
import { offlineFacts } from "./offline.ts";

export interface CheckCommand {
  configFile: string | undefined;
  prometheusFile: string | undefined;
  alertmanagerFile: string | undefined;
}

export function runCheck(options: CheckCommand): Promise<number> {
  return check(
    { ...options, cwd: process.cwd() },
    {
      loadRules,
      async whatRulesWouldDoNow(config) {
        const { readings, system } = await offlineFacts(config);
        const samples = actionableSamples(config.host, { workers: [...readings.values()], system });
        return wouldDoNow(loadRules(config.remediator.guard.rules).rules, samples).map((wish) => ({
          ...wish,
          text: textOf(config, wish),
        }));
      },
      out: (line) => process.stdout.write(`${line}\n`),
      err: (line) => process.stderr.write(`${line}\n`),
    },
  );
}

/** What would come of it if it lasted: the measured value, and what policy would do with the request. */
function textOf(config: Config, { value, limit, remediation, forSeconds, alert }: WouldDo): string {
  const reason = REASON_BY_UNIT.find(([pattern]) => pattern.test(alert))?.[1] ?? "other";
  const measured = comparison(reason, { kind: "true", value, ...(limit === undefined ? {} : { limit }) }).trim();
  const lasting = forSeconds === 0 ? "" : ` if it lasts ${seconds(forSeconds)}`;
  const { dryRun } = config.remediator;
  const dry =
    dryRun === true || (Array.isArray(dryRun) && dryRun.includes(remediation)) ? "; dry run: nothing is done" : "";
  return `${measured}${lasting}${dry}`;
}

/** The unit of a rule's values, as its alert's name tells it. */
const REASON_BY_UNIT: readonly (readonly [RegExp, Reason])[] = [
  [/Memory/, "memory_limit"],
  [/Old|Age/, "age"],
];
