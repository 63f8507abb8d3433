// The default of every key of pitcrew.yml, in the file's own notation: the schema applies them, the JSON Schema and the example show them.
// A key that is missing here has no default: it is required, or nothing happens unless it is written.
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

export const DEFAULTS = {
  run_directory: "/run/pitcrew",
  state_directory: "/var/lib/pitcrew",
  log_directory: "/var/log/pitcrew",
  worker: {
    manager: "supervised",
    /** The folder of the configuration file. */
    directory: ".",
    environment: {} as Record<string, string>,
    restart: "on-failure",
    start_at_boot: false,
    start_interval: "5s",
    budget: "3/30m",
    cooldown: "60s",
  },
  limits: { measure: "auto", age_jitter: "10%", consecutive_brakes: 10 },
  stop: { drain: "5m", signal: "SIGTERM", grace: "30s" },
  exporter: { listen: "127.0.0.1:10101", proportional_memory: { interval: "30s", max_resident: "4GiB" } },
  remediator: {
    listen: "127.0.0.1:10102",
    dry_run: false,
    max_concurrent: 1,
    min_healthy: {} as Record<string, number>,
    budget: "6/30m",
    trusted_alerts: [] as string[],
    verify_for: "60s",
    startup_grace: "30s",
  },
  alertmanager: { timeout: "2s" },
  journal: { max_age: "90d", max_size: "16MiB" },
  guard: { when: "pipeline_down", heartbeat_timeout: "3m", interval: "2s" },
} as const;

/** Files looked for when `--config.file` is not given, in this order. */
export const CONFIG_FILES = ["./pitcrew.yml", "/etc/pitcrew/pitcrew.yml"] as const;

/** `remediator.guard.rules`, when not written: the rules that the package brings. */
export function defaultRules(): string[] {
  return [join(packageRoot(), "alerts", "workers.rules.yml")];
}
