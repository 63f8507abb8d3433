// The words for numbers that stand for states.
import { BAD, GOOD, INTENDED, QUIET, WARNING, words } from "./look.ts";

/** Of `workerState` in promql.ts. */
export const WORKER_STATES = words({
  0: ["not running", INTENDED],
  1: ["up", GOOD],
  2: ["DOWN", BAD],
  3: ["paused", INTENDED],
  4: ["QUARANTINE", BAD],
  5: ["not measured", WARNING],
});

export const ALERT_STATES = words({ 1: ["pending", WARNING], 2: ["firing", BAD] });

export const SEVERITIES = words({ 3: ["critical", BAD], 2: ["warning", WARNING], 1: ["info", QUIET] });

/** Guard, 10 + storm, 20 + dry run. */
export const STAND_IN_STATES = words({
  0: ["emergencies only", GOOD],
  1: ["every rule", WARNING],
  10: ["no storm", GOOD],
  11: ["STORM", BAD],
  20: ["it acts", GOOD],
  21: ["dry run", INTENDED],
});

export const PAUSED_STATES = words({ 0: ["automation on", GOOD], 1: ["paused", INTENDED], 2: ["QUARANTINE", BAD] });

export const DAEMON_STATES = words({ 0: ["NO", BAD], 1: ["yes", GOOD] });

/** 128 + n is signal n. */
export const EXIT_CODES = words({
  0: ["0: done", GOOD],
  1: ["1: error", BAD],
  42: ["42: asked for a restart", WARNING],
  126: ["126: not executable", BAD],
  127: ["127: no such command", BAD],
  130: ["130: SIGINT", QUIET],
  134: ["134: SIGABRT", BAD],
  137: ["137: SIGKILL", WARNING],
  139: ["139: SIGSEGV", BAD],
  143: ["143: SIGTERM", QUIET],
});
