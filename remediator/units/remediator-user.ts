// Whom the remediator runs as under systemd: the one that polkit's rule names.
import type { Systemctl } from "../managers/systemd/systemctl.ts";

export const REMEDIATOR_UNIT = "pitcrew-remediator.service";
const DEFAULT_USER = "pitcrew";

export async function remediatorUser(systemctl: Systemctl): Promise<string> {
  const shown = await systemctl(undefined, ["show", "--property=User", "--value", "--", REMEDIATOR_UNIT]);
  const user = shown.kind === "ok" ? shown.text.trim() : "";
  return user === "" ? DEFAULT_USER : user;
}
