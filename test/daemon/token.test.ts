import { rmSync, writeFileSync } from "node:fs";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLog } from "../../daemon/log.ts";
import { tokenAuthorizer } from "../../daemon/token.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

function setup(content?: string) {
  const file = join(temporaryDirectory(), "token");
  if (content !== undefined) writeFileSync(file, content);
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
  const authorize = tokenAuthorizer(() => file, log);
  return { file, lines, allows: (authorization?: string) => authorize(requestWith(authorization)) };
}

function requestWith(authorization: string | undefined): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  if (authorization !== undefined) request.headers.authorization = authorization;
  return request;
}

test.each([
  ["Bearer s3cret", true],
  ["bearer   s3cret ", true],
  ["Bearer s3cre", false],
  ["Bearer s3crets", false],
  ["Bearer S3CRET", false],
  ["Bearer", false],
  ["Bearer s3cret more", false],
  ["Basic s3cret", false],
  ["s3cret", false],
  ["", false],
  [undefined, false],
])("Authorization: %s → %s", (authorization, allowed) => {
  expect(setup("s3cret\n").allows(authorization)).toBe(allowed);
});

test("a new token takes effect without a restart", () => {
  const { file, allows } = setup("old");
  writeFileSync(file, "new");
  expect([allows("Bearer old"), allows("Bearer new")]).toEqual([false, true]);
});

test("an absent, empty or huge file authorizes nobody, and the log says why but not what was sent", () => {
  const { file, lines, allows } = setup("\n");
  expect(allows("Bearer guess")).toBe(false);
  writeFileSync(file, "x".repeat(5000));
  expect(allows(`Bearer ${"x".repeat(5000)}`)).toBe(false);
  rmSync(file);
  expect(allows("Bearer guess")).toBe(false);
  expect(lines).toHaveLength(3);
  expect(lines.join()).not.toContain("guess");
});

test("without a file nobody is authorized, not even with an empty token", () => {
  const log = createLog({ level: "debug", format: "logfmt", write: () => undefined });
  expect(tokenAuthorizer(() => undefined, log)(requestWith("Bearer undefined"))).toBe(false);
});

test("a token that systemd hands over goes before the file that is named, which may then be for root only", () => {
  const [named, handed] = [temporaryDirectory(), temporaryDirectory()];
  writeFileSync(join(named, "token"), "in-the-file");
  const log = createLog({ level: "error", format: "logfmt", write: () => undefined });
  const authorize = tokenAuthorizer(() => join(named, "token"), log, { CREDENTIALS_DIRECTORY: handed });
  const allows = (token: string) => authorize(requestWith(`Bearer ${token}`));
  // It hands over others' files as well.
  writeFileSync(join(handed, "other"), "other");
  expect([allows("in-the-file"), allows("other")]).toEqual([true, false]);
  writeFileSync(join(handed, "token"), "handed-over");
  expect([allows("handed-over"), allows("in-the-file")]).toEqual([true, false]);
});
