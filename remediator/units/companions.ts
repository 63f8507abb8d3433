// What the units of workers need beside them: the right to use them, a place for their records, and systemd's memory of how they ended.
import { brakeDirectory } from "../../worker/files/run-directory.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { quoted } from "./quote.ts";
import { header, type UnitContext } from "./worker-unit.ts";

/** The names that systemd gives to what the remediator does: org.freedesktop.systemd1(5), "Security". */
export const VERBS = ["start", "stop", "restart", "kill", "reset-failed"] as const;

/**
 * A rule for polkit(8): exactly these units, exactly these verbs, exactly this user.
 * @param units of the system's service manager
 */
export function polkitRule(units: readonly string[], { configFile, user }: UnitContext): string {
  return `${header(configFile).replace(/^#/, "//")}
polkit.addRule(function (action, subject) {
  var units = ${JSON.stringify(units, undefined, 2).replaceAll("\n", "\n  ")};
  var verbs = ${JSON.stringify(VERBS)};
  if (action.id === "org.freedesktop.systemd1.manage-units" && subject.user === ${JSON.stringify(user)} &&
      units.indexOf(action.lookup("unit")) >= 0 && verbs.indexOf(action.lookup("verb")) >= 0)
    return polkit.Result.YES;
  return polkit.Result.NOT_HANDLED;
});
`;
}

/** For systemd-tmpfiles(8), at boot and now: the corners that workers write their brake records in, which their group reads. */
export function workersPlaces(
  specs: readonly WorkerSpec[],
  { configFile, runDirectory, user, group }: UnitContext,
): string {
  const lines = specs.map(({ name, manager }) => {
    const owner = "launch" in manager ? (manager.launch.user ?? user) : user;
    return `d ${quoted(brakeDirectory(runDirectory, name), "run_directory")} 2770 ${owner} ${group} -`;
  });
  const all = [runDirectory, `${runDirectory}/workers`].map(
    (path) => `d ${quoted(path, "run_directory")} 0755 ${user} ${group} -`,
  );
  return [header(configFile), ...all, ...lines, ""].join("\n");
}

/** A drop-in of the slice. systemd forgets a unit that has ended well and that nobody names, and with it how it ended. */
export function remembrance(units: readonly string[], { configFile }: UnitContext): string {
  return [
    header(configFile),
    "[Unit]",
    "# Named here, so that systemd remembers how they ended. They are in this slice, so the order is theirs anyhow.",
    ...units.map((unit) => `Before=${unit}`),
    "",
  ].join("\n");
}
