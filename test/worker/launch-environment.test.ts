import { expect, test } from "vitest";
import { launchEnvironment } from "../../worker/launch-environment.ts";
import type { Launch } from "../../worker/spec.ts";
import { matching, specOf } from "./spec-of.ts";

/** What every supervised worker finds, unless something else is configured. */
const DEFAULTS = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536", PITCREW_CONSECUTIVE_BRAKES: "10" };

function specWith(launch: Partial<Launch>): ReturnType<typeof specOf> {
  const whole = { argv: ["/bin/true"], directory: "/", environment: {}, ...launch };
  return specOf({ manager: { kind: "supervised", launch: whole, restart: "never" } });
}

test("a worker inherits our environment without what was meant for us alone", () => {
  const base = {
    PATH: "/bin",
    HOME: "/home/me",
    NOTIFY_SOCKET: "/run/notify",
    WATCHDOG_PID: "1",
    WATCHDOG_USEC: "2",
    CREDENTIALS_DIRECTORY: "/secret",
    npm_lifecycle_event: "start",
    npm_config_cache: "/x",
    PITCREW_BRAKE_OWNER: "1:2:",
  };
  expect(launchEnvironment(specWith({}), "/run/p", base)).toEqual({
    ...DEFAULTS,
    PATH: "/bin",
    HOME: "/home/me",
    PITCREW_WORKER: "train-1",
    PITCREW_RUN_DIRECTORY: "/run/p",
  });
});

test("the configured environment wins over ours, and our two variables over both", () => {
  const spec = specWith({ environment: { PATH: "/opt/bin", PITCREW_WORKER: "other", PITCREW_RUN_DIRECTORY: "/tmp" } });
  expect(launchEnvironment(spec, "/run/p", { PATH: "/bin", PITCREW_WORKER: "outer" })).toEqual({
    ...DEFAULTS,
    PATH: "/opt/bin",
    PITCREW_WORKER: "train-1",
    PITCREW_RUN_DIRECTORY: "/run/p",
  });
});

test("a worker that runs as another user finds that user's home, unless configured otherwise", () => {
  const account = { name: "train", uid: 1001, gid: 1001, home: "/home/train" };
  const lookUp = (user: string) => (user === "train" ? account : undefined);
  const base = { HOME: "/root", USER: "root", LOGNAME: "root" };
  expect(launchEnvironment(specWith({ user: "train" }), "/run/p", base, lookUp)).toMatchObject({
    HOME: "/home/train",
    USER: "train",
    LOGNAME: "train",
  });
  const configured = specWith({ user: "train", environment: { HOME: "/data" } });
  expect(launchEnvironment(configured, "/run/p", base, lookUp)).toMatchObject({ HOME: "/data", USER: "train" });
  expect(launchEnvironment(specWith({ user: "nobody-knows" }), "/run/p", base, lookUp)).toMatchObject(base);
});

test("a worker that we never start has its place all the same", () => {
  const spec = specOf({ manager: matching(/x/) });
  expect(launchEnvironment(spec, "/run/p", {})).toEqual({
    PITCREW_WORKER: "train-1",
    PITCREW_RUN_DIRECTORY: "/run/p",
    PITCREW_CONSECUTIVE_BRAKES: "10",
  });
});

test("the allocator's defaults give way to our own environment, and that to the configured one", () => {
  const spec = specWith({ environment: { MALLOC_ARENA_MAX: "8" } });
  const base = { MALLOC_ARENA_MAX: "4", MALLOC_MMAP_THRESHOLD_: "131072", PITCREW_CONSECUTIVE_BRAKES: "99" };
  expect(launchEnvironment(spec, "/run/p", base)).toMatchObject({
    MALLOC_ARENA_MAX: "8",
    MALLOC_MMAP_THRESHOLD_: "131072",
    PITCREW_CONSECUTIVE_BRAKES: "10",
  });
});
