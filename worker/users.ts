// Names of users and groups to ids: a match may be narrowed to a user, a brake record belongs to one, a worker runs as one.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseCount } from "./proc/counts.ts";

export interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/**
 * Looks in /etc/passwd, then asks getent(1), which knows about LDAP and the like (milliseconds: keep the answer).
 * @param user a name, or a number that stands for itself.
 */
export function findUser(user: string, passwdFile = "/etc/passwd"): Account | undefined {
  return findInPasswd(textOf(passwdFile), user) ?? findInPasswd(askGetent(user), user);
}

/** The id of a group of this machine's own. */
export function findGroup(name: string, groupFile = "/etc/group"): number | undefined {
  return findInGroups(textOf(groupFile), name);
}

/** Source: passwd(5), fields 1, 3, 4 and 6. */
export function findInPasswd(text: string, user: string): Account | undefined {
  for (const line of text.split("\n")) {
    const [name, , uidText, gidText, , home] = line.split(":");
    if (name === undefined || name === "" || (name !== user && uidText !== user)) continue;
    const uid = parseCount(uidText);
    const gid = parseCount(gidText);
    if (uid !== undefined && gid !== undefined && home !== undefined) return { name, uid, gid, home };
  }
  return undefined;
}

/** Source: group(5), fields 1 and 3. */
export function findInGroups(text: string, name: string): number | undefined {
  for (const line of text.split("\n")) {
    const [found, , gid] = line.split(":");
    if (found === name && name !== "" && parseCount(gid) !== undefined) return parseCount(gid);
  }
  return undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Some containers have none: getent is asked next.
    return "";
  }
}

function askGetent(user: string): string {
  try {
    return execFileSync("getent", ["passwd", "--", user], {
      encoding: "utf8",
      timeout: 2000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    // Not installed, or no such user: both mean that we cannot resolve the name.
    return "";
  }
}
