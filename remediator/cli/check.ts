// `pitcrew check`: the configuration's own check, given what the guard knows of rules and the managers of starting.
import { check } from "../../config/check.ts";
import type { Config } from "../../config/config.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { type ActionableRule, loadRules } from "../guard/rules.ts";
import { type WouldDo, wouldDoNow } from "../guard/would-do.ts";
import { comparison, seconds } from "../incidents/phrases.ts";
import { type Reason, toReason } from "../incidents/reason.ts";
import { unitLines } from "../units/drift.ts";
import { impatientGuard } from "./heartbeat-rhythm.ts";
import { whatIsMissing } from "./missing.ts";
import { lookAtMachine } from "./offline.ts";

export interface CheckCommand {
  configFile: string | undefined;
  prometheusFile: string | undefined;
  alertmanagerFile: string | undefined;
  webConfigFile: string | undefined;
}

export function runCheck(options: CheckCommand): Promise<number> {
  return check(
    { ...options, cwd: process.cwd() },
    {
      loadRules,
      async whatRulesWouldDoNow(config) {
        const { readings, system } = await lookAtMachine(config);
        const samples = actionableSamples(config.host, { workers: [...readings.values()], system });
        const { rules } = loadRules(config.remediator.guard.rules);
        return wouldDoNow(rules, samples).map((wish) => ({ ...wish, text: textOf(config, rules, wish) }));
      },
      async whatIsMissing(config) {
        const impatient = impatientGuard(config);
        return [...(await whatIsMissing(config)), ...(impatient === undefined ? [] : [impatient])];
      },
      unitLines,
      out: (line) => process.stdout.write(`${line}\n`),
      err: (line) => process.stderr.write(`${line}\n`),
    },
  );
}

/** What would come of it if it lasted: the measured value, and what policy would do with the request. */
function textOf(config: Config, rules: readonly ActionableRule[], wish: WouldDo): string {
  const reason = toReason(rules.find(({ alert }) => alert === wish.alert)?.labels.reason);
  const lasting = wish.forSeconds === 0 ? "" : `, if it lasts ${seconds(wish.forSeconds)}`;
  const { dryRun } = config.remediator;
  const isDry = typeof dryRun === "boolean" ? dryRun : dryRun.includes(wish.remediation);
  return `${measuredText(reason, wish)}${lasting}${isDry ? "; dry run: nothing is done" : ""}`;
}

function measuredText(reason: Reason, { value, limit }: WouldDo): string {
  if (reason === "down") return "it does not run";
  return comparison(reason, { kind: "true", value, ...(limit === undefined ? {} : { limit }) }).trim();
}
