// Whom the remediator runs as under systemd: the one that polkit's rule names, and the group that reads what workers write.
import { findGroup, findUser } from "../../worker/users.ts";
import type { Systemctl } from "../managers/systemd/systemctl.ts";

export const REMEDIATOR_UNIT = "pitcrew-remediator.service";
const DEFAULT_USER = "pitcrew";

export interface RemediatorAccount {
  user: string;
  /** A name, or an id. */
  group: string;
}

/** @param wanted the user, where the unit does not say it */
export async function remediatorAccount(systemctl: Systemctl, wanted?: string): Promise<RemediatorAccount> {
  const shown = await systemctl(undefined, ["show", "--property=User", "--property=Group", "--", REMEDIATOR_UNIT]);
  const text = shown.kind === "ok" ? shown.text : "";
  const unit = { user: setting(text, "User") ?? DEFAULT_USER, group: setting(text, "Group") };
  const user = wanted ?? unit.user;
  return { user, group: (user === unit.user ? unit.group : undefined) ?? ownGroup(user) };
}

function setting(text: string, name: string): string | undefined {
  const value = new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1];
  return value?.trim();
}

/** Mostly of the same name. */
function ownGroup(user: string): string {
  const gid = findUser(user)?.gid;
  return gid === undefined || findGroup(user) === gid ? user : String(gid);
}
