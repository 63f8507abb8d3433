// Who may change something, and by which door: cross-site requests, who it was, the file of the socket.
import { execFileSync } from "node:child_process";
import { chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { controlSocketPath } from "../../../worker/files/run-directory.ts";
import { doorsOf, send } from "./knock.ts";
import { AUTHORIZED, createSite, start } from "./site.ts";

/** Each starts remediators of its own, and the machine may be busy. */

const CHANGES = [
  ["POST", "/api/v1/webhook"],
  ["POST", "/api/v1/workers/mine/stop"],
  ["POST", "/api/v1/pauses"],
  ["DELETE", "/api/v1/pauses"],
  ["DELETE", "/api/v1/pauses/x"],
  ["POST", "/-/reload"],
] as const;

describe("a page in a browser", () => {
  test("changes nothing, token or not, whatever site it says it is of", async () => {
    const made = createSite();
    const site = await start(made);
    const marks = [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "same-origin" },
    ];
    for (const where of doorsOf(site, made.config.runDirectory))
      for (const [method, path] of CHANGES)
        for (const mark of marks)
          expect(
            await send(where, { method, path, headers: { ...AUTHORIZED, ...mark }, body: "{}" }),
            `${method} ${path} ${JSON.stringify(mark)}`,
          ).toMatchObject({ status: 403, body: { code: "cross_site" } });
    expect(["order", "desired", "pause", "resume"].flatMap((type) => site.entries(type))).toEqual([]);
    expect(JSON.stringify(site.entries("incident"))).not.toContain('"operator"');
  });

  test("is told of no other site that may read the answer", async () => {
    const site = await start(createSite());
    const response = await fetch(`${site.url}api/v1/status`, { headers: { Origin: "https://evil.example" } });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("who made a change", () => {
  test("is in the journal with the door: the socket takes the caller's word, the network's says so", async () => {
    const site = await start(createSite());
    const pause = { for: "1h", reason: "maintenance" };
    await site.order("POST", "/api/v1/pauses", { ...pause, by: "ann" });
    await site.order("POST", "/api/v1/pauses", pause);
    await site.post("api/v1/pauses", { ...pause, by: "bob" });
    await site.post("api/v1/pauses", pause);
    await site.order("DELETE", "/api/v1/pauses", { by: "cleo" });
    expect(site.entries("pause").map(({ pause: made }) => (made as { by: string }).by)).toEqual([
      "ann",
      "the control socket",
      "bob (the HTTP API)",
      "the HTTP API",
    ]);
    expect(site.entries("resume").map(({ by }) => by)).toEqual(["cleo", "cleo", "cleo", "cleo"]);
  });

  test("is in the journal for each kind of order, also where it joins what is under way", async () => {
    const site = await start(createSite());
    for (const action of ["restart", "recycle", "stop", "start", "clear"]) {
      await site.order("POST", `/api/v1/workers/mine/${action}`, { by: `ann-${action}` });
      expect(site.entries("order").at(-1)).toMatchObject({ action, worker: "mine", by: `ann-${action}`, force: false });
    }
  });
});

describe("the control socket", () => {
  test("is the owner's and the group's, of the run directory's group, whatever the umask", async () => {
    const made = createSite();
    chownSync(made.config.runDirectory, 0, 4242);
    const umask = process.umask(0);
    try {
      await start(made);
    } finally {
      process.umask(umask);
    }
    const found = lstatSync(controlSocketPath(made.config.runDirectory));
    expect([(found.mode & 0o777).toString(8), found.gid]).toEqual(["660", 4242]);
  });

  test("is closed to a user of neither: one sentence tells why", async () => {
    const made = createSite();
    await start(made);
    const ask = `require("node:net").connect(${JSON.stringify(controlSocketPath(made.config.runDirectory))}).on("error", (e) => console.log(e.code))`;
    execFileSync("chmod", ["755", made.directory]);
    expect(execFileSync(process.execPath, ["-e", ask], { uid: 65_534, gid: 65_534, encoding: "utf8" })).toBe(
      "EACCES\n",
    );
  });

  test.each<[string, (path: string) => void]>([
    ["a file", (path) => writeFileSync(path, "mine")],
    ["a folder", (path) => mkdirSync(path)],
    ["a link", (path) => symlinkSync("/etc/passwd", path)],
  ])("takes the place of nothing but a socket: %s stays", async (_what, put) => {
    const made = createSite();
    put(controlSocketPath(made.config.runDirectory));
    await expect(start(made)).rejects.toThrow("is no socket: move it away");
    expect(lstatSync(controlSocketPath(made.config.runDirectory)).isSocket()).toBe(false);
  });
});
