// The keys of pitcrew.yml as one schema: what is read, what editors complete and what the example shows all come from here.
import * as z from "zod";
import { REMEDIATIONS } from "../config.ts";
import { DEFAULTS } from "../defaults.ts";
import * as field from "./fields.ts";
import { WorkerEntry } from "./worker.ts";
import { wrongType } from "./wrong-type.ts";

const { remediator, guard, alertmanager, journal } = DEFAULTS;

const HOST = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}$/;

export const ConfigFile = field.section(
  {
    host: field
      .named("a host's name", HOST, "write letters, digits and . _ - : without spaces, such as gpu-box-1")
      .optional()
      .describe("The `host` label of every series and alert; the default is the machine's host name"),
    run_directory: field.path().prefault(DEFAULTS.run_directory).describe("Pid files, requests and the control socket"),
    state_directory: field.path().prefault(DEFAULTS.state_directory).describe("The journal; survives reboots"),
    log_directory: field.path().prefault(DEFAULTS.log_directory).describe("One log per supervised worker"),
    system: field
      .section({
        min_available_memory: field
          .size()
          .optional()
          .describe("Renew the largest worker below; the default is the smaller of 2GiB and 10 % of the total"),
        critical_available_memory: field
          .size()
          .optional()
          .describe("The same at once, and whatever the budgets say; the default is half of min_available_memory"),
      })
      .prefault({})
      .describe("Floors of the whole machine"),
    workers: field
      .list(WorkerEntry, "workers, such as - {name: train, command: [python3, train.py]}")
      .min(1, { error: "is empty: add at least one worker" })
      .describe("The workers"),
    exporter: field
      .section({
        listen: field.listen().prefault(DEFAULTS.exporter.listen).describe("host:port of /metrics"),
        proportional_memory: field
          .section({
            interval: field
              .duration({ maxSeconds: 86_400 })
              .prefault(DEFAULTS.exporter.proportional_memory.interval)
              .describe("Time between two readings of a worker; 0s: at every scrape"),
            max_resident: field
              .size()
              .prefault(DEFAULTS.exporter.proportional_memory.max_resident)
              .describe("Larger workers are left out: reading holds up the worker itself"),
          })
          .optional()
          .describe("Also publish proportional and unique memory (PSS, USS) of every worker; off unless written"),
      })
      .prefault({})
      .describe("The part that observes"),
    remediator: field
      .section({
        listen: field.listen().prefault(remediator.listen).describe("host:port of the webhook and /metrics"),
        dry_run: z
          .union([field.flag(), z.array(field.choice(REMEDIATIONS))], {
            error: wrongType(`true, false or a list of remediations (${REMEDIATIONS.join(", ")})`),
          })
          .prefault(remediator.dry_run)
          .describe("Decide and record, but do nothing: all remediations, or those listed"),
        max_concurrent: field
          .whole(1, 1000)
          .prefault(remediator.max_concurrent)
          .describe("Terminations and starts at once on this host"),
        min_healthy: z
          .record(z.string(), field.whole(0, 10_000), {
            error: wrongType("a mapping of groups and numbers, such as {train: 1}"),
          })
          .prefault(remediator.min_healthy)
          .describe("Planned renewals keep at least so many workers of a group up"),
        budget: field.budget().prefault(remediator.budget).describe("Urgent renewals of the whole host: starts/window"),
        trusted_alerts: field
          .list(field.anyText("text"), "alert names")
          .prefault(remediator.trusted_alerts)
          .describe("Alerts acted on although their rule cannot be evaluated here"),
        webhook: field
          .section({
            credentials_file: field.path().optional().describe("File with the token that every POST must bring"),
          })
          .prefault({})
          .describe("Where Alertmanager delivers"),
        alertmanager: field
          .section({
            url: field.httpUrl().describe("Its address, such as http://127.0.0.1:9093"),
            credentials_file: field.path().optional().describe("File with the bearer token that its proxy asks for"),
            timeout: field
              .duration({ minSeconds: 0.1, maxSeconds: 30 })
              .prefault(alertmanager.timeout)
              .describe("Without an answer for so long its silences are not known"),
          })
          .optional()
          .describe("Its silences hold the guard back, too, but never in an emergency"),
        journal: field
          .section({
            max_age: field
              .duration({ minSeconds: 86_400 })
              .prefault(journal.max_age)
              .describe("Ended incidents that are older are forgotten"),
            max_size: field
              .size({ minBytes: 1024 * 1024 })
              .prefault(journal.max_size)
              .describe("The file is kept below; the oldest ended incidents go first"),
          })
          .prefault({})
          .describe("How much history is kept"),
        guard: field
          .section({
            when: field
              .choice(["always", "pipeline_down", "never"])
              .prefault(guard.when)
              .describe("When the rules are evaluated here: always, while no heartbeat arrives, or never"),
            heartbeat_timeout: field
              .duration({ minSeconds: 1, maxSeconds: 86_400 })
              .prefault(guard.heartbeat_timeout)
              .describe("Without a heartbeat for so long the pipeline counts as down"),
            interval: field
              .duration({ minSeconds: 0.1, maxSeconds: 300 })
              .prefault(guard.interval)
              .describe("Time between two evaluations"),
            rules: field
              .list(field.path(), "rule files")
              .min(1, { error: "is empty: name a rule file, or leave the key out for the packaged rules" })
              .optional()
              .describe("Rule files; the default is the packaged alerts/workers.rules.yml"),
          })
          .prefault({})
          .describe("Evaluates the rule files on local readings, so that protection outlives monitoring"),
        verify_for: field
          .duration({ maxSeconds: 86_400 })
          .prefault(remediator.verify_for)
          .describe("A renewal is verified when the new process has lived for so long"),
        startup_grace: field
          .duration({ maxSeconds: 86_400 })
          .prefault(remediator.startup_grace)
          .describe("Down and age are not acted on for so long after pitcrew's own start"),
      })
      .prefault({})
      .describe("The part that acts"),
  },
  "the keys of pitcrew.yml (pitcrew init --match REGEX writes a file to begin with)",
);
export type ConfigFile = z.output<typeof ConfigFile>;
