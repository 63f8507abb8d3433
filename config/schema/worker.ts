// The keys of one entry of `workers`: those that every manager has, and those of each manager.
import * as z from "zod";
import { WORKER_NAME } from "../../worker/name.ts";
import { DEFAULTS } from "../defaults.ts";
import { argv } from "./argv.ts";
import * as field from "./fields.ts";
import { wrongType } from "./wrong-type.ts";

const { worker, limits, stop } = DEFAULTS;

export const MANAGERS = ["supervised", "systemd", "command", "observe"] as const;
export type ManagerKind = (typeof MANAGERS)[number];

/** A number stands for a user without a name, as in many containers. */
const USER_NAME = /^([A-Za-z_][A-Za-z0-9_.@-]{0,63}\$?|[0-9]{1,10})$/;
const UNIT_NAME = /^[A-Za-z0-9:_.\\@{}-]{1,247}\.service$/;
const VARIABLE_NAME = /^(?!PITCREW_)[A-Za-z_][A-Za-z0-9_]*$/;

const user = () => field.named("a user's name", USER_NAME, "write the name as in /etc/passwd, such as train");

const common = {
  name: field
    .named(
      "a worker's name, such as train",
      WORKER_NAME,
      "write 1 to 63 of a-z 0-9 _ . - and begin with a letter or a digit",
    )
    .describe("Name of the worker and its group; with `count`, the workers are name-1, name-2, …"),
  count: field
    .whole(1, 10_000)
    .optional()
    .describe("How many workers of this kind: they are named name-1 … name-count"),
  start_interval: field
    .duration()
    .prefault(worker.start_interval)
    .describe("Least time between two starts of the group"),
  limits: field
    .section({
      memory: field.size().optional().describe("Renew the worker above; no limit unless written"),
      memory_relief: field.size().optional().describe("Ask the worker to free memory above; below `memory`"),
      measure: field
        .choice(["auto", "rss", "pss", "cgroup"])
        .prefault(limits.measure)
        .describe("What the memory limits are held against"),
      age: field
        .duration({ minSeconds: 1 })
        .optional()
        .describe("Renew the worker when it is older; no limit unless written"),
      age_jitter: field
        .percentage(50)
        .prefault(limits.age_jitter)
        .describe("Spread the age by up to this much, by a hash of worker and incarnation"),
      consecutive_brakes: field
        .whole(1, 1_000_000)
        .prefault(limits.consecutive_brakes)
        .describe("Renew after so many emergency brakes in a row; an argument in the worker's own call wins"),
    })
    .prefault({})
    .describe("What a worker may use before it is renewed"),
  stop: field
    .section({
      drain: field.duration().prefault(stop.drain).describe("Time to finish the work in hand after a drain request"),
      signal: field
        .choice(["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"])
        .prefault(stop.signal)
        .describe("The signal that asks the worker to end"),
      grace: field.duration().prefault(stop.grace).describe("Time between that signal and SIGKILL to the whole tree"),
    })
    .prefault({})
    .describe("How a worker is stopped"),
  budget: field.budget().prefault(worker.budget).describe("Urgent renewals of this worker: starts/window"),
  cooldown: field.duration().prefault(worker.cooldown).describe("Least time between two renewals; doubles up to 15m"),
};

/** What a start of ours gives the process. */
const launch = {
  directory: field
    .path()
    .prefault(worker.directory)
    .describe("Working directory; the default is the folder of this file"),
  user: user().optional().describe("The user the worker runs as; the default is the user that pitcrew runs as"),
  environment: z
    .record(
      field.named(
        "a variable's name",
        VARIABLE_NAME,
        "write letters, digits and _; names that begin with PITCREW_ are pitcrew's own",
      ),
      field.anyText("text"),
      { error: wrongType('a mapping of names and values, such as {OMP_NUM_THREADS: "4"}') },
    )
    .prefault(worker.environment)
    .describe("Variables added to pitcrew's own environment"),
};

/** Exactly one of the two: a check of our own, for a sentence that says so. */
const locator = {
  match: field
    .section(
      {
        cmdline: field
          .anyText("a regular expression, such as train\\.py")
          .describe("Regular expression on the command line, its arguments joined by single spaces"),
        user: user().optional().describe("Only processes of this user; required when pitcrew runs as root"),
      },
      'a mapping such as {cmdline: "train\\\\.py", user: train}',
    )
    .optional()
    .describe("Recognise the process by its command line"),
  pidfile: field.path().optional().describe("Recognise the process by the pid in this file"),
};

const manager = <const T extends ManagerKind>(kind: T) =>
  z.literal(kind).describe("Who starts and stops the worker: supervised | systemd | command | observe");

export const WORKER_KINDS = {
  supervised: field.section({
    ...common,
    manager: manager("supervised").prefault(worker.manager),
    command: argv("[python3, train.py]").describe("The worker's program and its arguments"),
    ...launch,
    restart: field
      .choice(["always", "on-failure", "never"])
      .prefault(worker.restart)
      .describe("Start again after an exit; exit code 42 always starts again"),
  }),
  systemd: field.section({
    ...common,
    manager: manager("systemd"),
    unit: field
      .named("a service unit's name, such as encoder.service", UNIT_NAME, "write the whole name, its suffix included")
      .describe("The unit that runs the worker"),
    user: user()
      .optional()
      .describe("Whose service manager has the unit (systemctl --user); the default is the system's"),
  }),
  command: field.section({
    ...common,
    manager: manager("command"),
    ...locator,
    start: argv("[/opt/legacy/start.sh]").describe("Starts the worker: program and arguments"),
    stop_command: argv("[/opt/legacy/stop.sh]").optional().describe("Stops the worker; the default is signals"),
    start_at_boot: field
      .flag()
      .prefault(worker.start_at_boot)
      .describe("Start it also when it was not seen up in this boot"),
    ...launch,
  }),
  observe: field.section({ ...common, manager: manager("observe"), ...locator }),
} as const;

export const WorkerEntry = z.union(
  [WORKER_KINDS.supervised, WORKER_KINDS.systemd, WORKER_KINDS.command, WORKER_KINDS.observe],
  { error: wrongType("a worker, such as {name: train, command: [python3, train.py]}") },
);
export type WorkerEntry = z.output<typeof WorkerEntry>;
