import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { findGroup, findInGroups, findInPasswd, findUser } from "../../worker/users.ts";

const PASSWD =
  "root:x:0:0:root:/root:/bin/bash\nbroken\n:x:5:5::/:/x\ntrain:x:1001:1002:Train,,,:/home/train:/bin/sh\nbad:x:abc:1::/:/x\n";

test.each([
  ["train", 1001],
  ["1001", 1001],
  ["root", 0],
  ["bad", undefined],
  ["", undefined],
  ["nobody", undefined],
  ["x", undefined],
])("user %j has the id %j", (user, uid) => {
  expect(findInPasswd(PASSWD, user)?.uid).toBe(uid);
});

test("root is found on any machine, by its name and by its number", () => {
  expect(findUser("root")).toMatchObject({ uid: 0, gid: 0 });
  expect(findUser("0")).toMatchObject({ name: "root" });
  expect(findUser("0", "/nonexistent")).toMatchObject({ name: "root" });
});

test("who we are is found, and who does not exist is not", () => {
  expect(findUser(String(userInfo().uid))?.uid).toBe(process.getuid?.());
  expect(findUser("no-such-user-here")).toBeUndefined();
  expect(findUser("--help")).toBeUndefined();
});

test.each([
  ["ops", 1003],
  ["root", 0],
  ["bad", undefined],
  ["1003", undefined],
  ["", undefined],
])("group %j has the id %j", (group, gid) => {
  expect(findInGroups("root:x:0:\nbroken\n:x:5:\nbad:x:abc:\nops:x:1003:ann,bob\n", group)).toBe(gid);
});

test("root's group is found on any machine, and one that does not exist is not", () => {
  expect(findGroup("root")).toBe(0);
  expect(findGroup("no-such-group-here")).toBeUndefined();
  expect(findGroup("root", "/nonexistent")).toBeUndefined();
});
