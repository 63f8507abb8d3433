// systemctl as it is run: its arguments, and how long it may take.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSystemctl, runCommand, unitArgument } from "../../../../remediator/managers/systemd/systemctl.ts";
import { identify } from "../../../../worker/identify.ts";
import { eventually } from "../../../support/eventually.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

/** A `systemctl` of the test's own, first on the PATH. */
function fakeSystemctl(script: string): string {
  const directory = temporaryDirectory();
  const file = join(directory, "systemctl");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${directory}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return directory;
}

describe("a unit's name", () => {
  test.each(["w.service", "encoder@1.service", "pitcrew-worker-train-1.service", "a\\x2db:c.service"])(
    "is %s",
    (name) => {
      expect(unitArgument({ name })).toBe(name);
    },
  );

  test.each([
    "",
    "-f.service",
    "--now",
    "../w.service",
    "a b.service",
    "w*.service",
    "w.socket",
    "w",
    "w.service\n",
    `${"x".repeat(300)}.service`,
  ])("is not %j", (name) => {
    expect(() => unitArgument({ name })).toThrow("not a unit's name");
  });
});

describe("systemctl", () => {
  test("is given every argument as it is, asks for no password, and is told nothing of our environment", async () => {
    process.env.NOTIFY_SOCKET = "/run/ours";
    onTestFinished(() => {
      delete process.env.NOTIFY_SOCKET;
    });
    fakeSystemctl('for it in "$@"; do echo "[$it]"; done; printenv NOTIFY_SOCKET || echo none');
    expect(await createSystemctl()(undefined, ["show", "--", "w@$HOME;x.service"])).toEqual({
      kind: "ok",
      text: "[--no-ask-password]\n[--no-pager]\n[show]\n[--]\n[w@$HOME;x.service]\nnone\n",
    });
  });

  test("that fails is quoted", async () => {
    fakeSystemctl("echo 'Failed to start w.service: Unit w.service not found.' >&2; exit 5");
    expect(await createSystemctl()(undefined, ["start", "--", "w.service"])).toEqual({
      kind: "failed",
      message: "Failed to start w.service: Unit w.service not found.",
    });
  });

  test("that hangs is given up in time and killed, even if a child of it holds its output", async () => {
    const directory = fakeSystemctl(
      `echo $$ >"$(dirname "$0")/pid"; sleep 300 & echo $! >"$(dirname "$0")/child"; wait`,
    );
    const pidIn = (file: string) => Number(readFileSync(join(directory, file), "utf8"));
    onTestFinished(() => {
      process.kill(pidIn("child"), "SIGKILL");
    });
    const result = await createSystemctl({ timeoutMs: 1000 })(undefined, ["show"]);
    expect(result).toEqual({ kind: "failed", message: "systemctl did not answer within 1 s" });
    await eventually(() => identify(pidIn("pid")) === undefined, { what: "the end of the client" });
  });

  test("that is not there says so", async () => {
    expect(await runCommand(["/nonexistent/systemctl"], {}, 1000)).toMatchObject({ kind: "failed", message: /ENOENT/ });
  });

  test("of a user's own service manager is asked where that user's is", async () => {
    fakeSystemctl('echo "$1 $XDG_RUNTIME_DIR $DBUS_SESSION_BUS_ADDRESS"');
    const { uid, username } = userInfo();
    expect(await createSystemctl()(username, ["show"])).toEqual({
      kind: "ok",
      text: `--user /run/user/${uid} unix:path=/run/user/${uid}/bus\n`,
    });
    expect(await createSystemctl()("nobody-of-that-name", ["show"])).toMatchObject({ message: /there is no user/ });
  });
});
