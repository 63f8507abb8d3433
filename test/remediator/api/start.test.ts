// What a remediator needs to begin, and what it leaves behind.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ListenError } from "../../../daemon/listen-error.ts";
import { ControlSocketError } from "../../../remediator/api/control-socket.ts";
import type { WorkerView } from "../../../remediator/api/views.ts";
import { DirectoryError } from "../../../remediator/directories.ts";
import { JournalError } from "../../../remediator/incidents/journal.ts";
import { isStartError } from "../../../remediator/main.ts";
import { eventually } from "../../support/eventually.ts";
import { createSite, type Site, type Started, start } from "./site.ts";

async function refusal(site: Site): Promise<Error> {
  const error = await start(site).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof Error)) throw new Error("it was not refused");
  expect(isStartError(error)).toBe(true);
  expect(error.message).not.toContain("\n");
  return error;
}

async function mine(site: Started): Promise<WorkerView> {
  return eventually(
    async () => {
      const { workers } = (await site.get("api/v1/workers")) as { workers: WorkerView[] };
      return workers.find(({ worker, state, incident }) => worker === "mine" && state === "up" && incident === null);
    },
    { what: "the worker to be up" },
  );
}

test("a token that is not there is told of at the start, not by the first alert that is refused", async () => {
  const site = createSite();
  const { credentialsFile = "" } = site.config.remediator.webhook;
  writeFileSync(credentialsFile, "");
  await start(site);
  expect(site.log.filter((line) => line.includes("level=warn"))).toEqual([
    expect.stringContaining("the token file is empty or too long: alerts by webhook are refused"),
  ]);
});

describe("a second remediator is refused with one sentence", () => {
  test("on the same state directory", async () => {
    const first = createSite();
    await start(first);
    const { stateDirectory } = first.config;
    const second = createSite({ stateDirectory });
    const error = await refusal(second);
    expect(error).toBeInstanceOf(DirectoryError);
    expect(error.message).toContain(`another remediator works on state_directory ${stateDirectory}`);
  });

  test("on the same run directory", async () => {
    const first = createSite();
    const running = await start(first);
    const error = await refusal(createSite({ runDirectory: first.config.runDirectory }));
    expect(error).toBeInstanceOf(ControlSocketError);
    expect((await running.order("GET", "/api/v1/status")).status).toBe(200);
  });

  test("and takes the place of one that has ended, or was killed and left its socket", async () => {
    const site = createSite();
    const first = await start(site);
    await first.close({ stopWorkers: false });
    const left = join(site.config.runDirectory, "control.sock");
    execFileSync("python3", ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", left]);
    const second = await start(site);
    expect((await second.order("GET", "/api/v1/status")).status).toBe(200);
  });
});

describe("a remediator that cannot begin says so in one sentence", () => {
  describe.each(["runDirectory", "stateDirectory", "logDirectory"] as const)("%s", (key) => {
    test.each<[string, string, (site: Site) => void]>([
      ["is a file", "a-file", ({ directory }) => writeFileSync(join(directory, "a-file"), "")],
      ["is in a file", "a-file/in/it", ({ directory }) => writeFileSync(join(directory, "a-file"), "")],
    ])("%s, which is to be moved away", async (_title, name, prepare) => {
      const site = createSite();
      prepare(site);
      const path = join(site.directory, name);
      const error = await refusal({ ...site, config: { ...site.config, [key]: path } });
      expect(error).toBeInstanceOf(DirectoryError);
      const yamlKey = key.replace("Directory", "_directory");
      expect(error.message).toBe(
        `${yamlKey} ${path} cannot be made: ${site.directory}/a-file is not a folder; move it away, or set ${yamlKey} in pitcrew.yml`,
      );
    });

    test("is a link that leads nowhere, which is to be taken away", async () => {
      const site = createSite();
      const path = join(site.directory, "a-link");
      symlinkSync("/nowhere/at/all", path);
      const error = await refusal({ ...site, config: { ...site.config, [key]: path } });
      expect(error.message).toContain(`${path} is a link that leads to no folder; take it away, or set `);
    });

    test("cannot be made where it is named", async () => {
      const site = createSite();
      const error = await refusal({ ...site, config: { ...site.config, [key]: "/proc/none" } });
      expect(error.message).toContain(
        "/proc/none cannot be made in /proc (ENOENT): name a folder that this user may write",
      );
    });
  });

  test.each(["runDirectory", "stateDirectory"] as const)("%s can be written by everybody", async (key) => {
    const site = createSite();
    const path = site.config[key];
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o777);
    const error = await refusal(site);
    expect(error).toBeInstanceOf(DirectoryError);
    expect(error.message).toContain(`${path} can be written by everybody: chmod go-w`);
    chmodSync(path, 0o755);
    await start(site);
  });

  test("its lock is a link that somebody has put there", async () => {
    const site = createSite();
    mkdirSync(site.config.stateDirectory);
    symlinkSync("/etc/hostname", join(site.config.stateDirectory, "lock"));
    const error = await refusal(site);
    expect(error).toBeInstanceOf(DirectoryError);
    expect(error.message).toMatch(/lock, the lock of state_directory, cannot be opened \(ELOOP\): move it away$/);
  });

  test("its journal is a folder; and its lock is free again for whoever puts that right", async () => {
    const site = createSite();
    mkdirSync(join(site.config.stateDirectory, "journal.jsonl"), { recursive: true });
    const error = await refusal(site);
    expect(error).toBeInstanceOf(JournalError);
    expect(error.message).toContain("journal.jsonl cannot be opened (EISDIR): it is a folder; move it away, or set ");
    rmdirSync(join(site.config.stateDirectory, "journal.jsonl"));
    await start(site);
  });

  test("its port is in use; and everything is free again for the next try", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const site = createSite();
    const { remediator } = site.config;
    const taken = { ...remediator, listen: { host: "127.0.0.1", port } };
    const error = await refusal({ ...site, config: { ...site.config, remediator: taken } });
    expect(error).toBeInstanceOf(ListenError);
    expect(existsSync(join(site.config.runDirectory, "control.sock"))).toBe(false);
    await start(site);
  });
});

describe("a remediator that ends", () => {
  test("leaves its workers to the next one, which adopts them: the same process, no restart", async () => {
    const site = createSite();
    const first = await start(site);
    const { pid } = await mine(first);
    await first.close({ stopWorkers: false });
    const second = await start(site);
    expect(await mine(second)).toMatchObject({ pid, restarts: {}, exits: {} });
  });

  test("in the foreground ends its workers with it, and no others", async () => {
    const site = createSite();
    const running = await start(site);
    const { pid } = await mine(running);
    await running.close({ stopWorkers: true });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    const again = await start(site);
    // A first start again: nobody restarted it.
    expect(await mine(again)).toMatchObject({ restarts: {} });
    const { workers } = (await again.get("api/v1/workers")) as { workers: WorkerView[] };
    expect(workers.find(({ worker }) => worker === "theirs")).toMatchObject({ state: "up" });
  });

  test("and whose journal was damaged meanwhile says where, and knows the rest", async () => {
    const site = createSite();
    const first = await start(site);
    await mine(first);
    await first.order("POST", "/api/v1/pauses", { for: "1h", reason: "kept" });
    await first.close({ stopWorkers: true });
    const path = join(site.config.stateDirectory, "journal.jsonl");
    writeFileSync(path, `x${readFileSync(path, "utf8")}`);
    const second = await start(site);
    expect(site.log.some((line) => line.includes("line 1: damaged"))).toBe(true);
    expect(await second.get("api/v1/status")).toMatchObject({ pauses: [{ reason: "kept" }] });
  });
});
