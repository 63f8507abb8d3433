// A systemd of literals with one unit in it, under a real manager.
import type { Manager } from "../../../../remediator/managers/manager.ts";
import type { CommandResult } from "../../../../remediator/managers/systemd/systemctl.ts";
import { createSystemdManager } from "../../../../remediator/managers/systemd/systemd.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";
import { type Shown, shown } from "./shown.ts";

/** A unit whose states follow each other as it is told to start and stop; every command is written down. */
export class FakeUnit {
  readonly commands: string[] = [];
  readonly news: string[] = [];
  readonly troubles: string[] = [];
  readonly runDirectory = temporaryDirectory();
  /** Of systemd itself. */
  systemState = "running";
  state: Shown;
  onStart: Shown = {};
  answer: (verb: string) => CommandResult = () => ({ kind: "ok", text: "" });
  readonly manager: Manager;

  constructor(state: Shown) {
    this.state = state;
    this.manager = createSystemdManager({
      runDirectory: this.runDirectory,
      systemctl: (_user, args) => Promise.resolve(this.#run(args)),
      onNews: (worker) => this.news.push(worker),
      onTrouble: (message) => this.troubles.push(message),
      cgroupRoot: this.runDirectory,
    });
  }

  #run(args: readonly string[]): CommandResult {
    const [verb = ""] = args;
    if (args.includes("--property=SystemState")) return { kind: "ok", text: `${this.systemState}\n` };
    if (verb === "show") return { kind: "ok", text: shown(this.state) };
    this.commands.push(args.join(" "));
    const result = this.answer(verb);
    if (verb === "start" && result.kind === "ok") this.state = { ...this.state, ...this.onStart };
    return result;
  }
}
