// The parts of this folder put together for a running remediator.
import type { Config } from "../../config/config.ts";
import type { Log } from "../../daemon/log.ts";
import type { Engine } from "../incidents/engine.ts";
import { askAlertmanager } from "./ask-alertmanager.ts";
import { SilenceGate } from "./gate.ts";
import { Silences, type SilencesKnown } from "./silences.ts";

export function createSilences({ config, engine, log }: { config: () => Config; engine: Engine; log: Log }): {
  gate: SilenceGate;
  readonly known: SilencesKnown;
} {
  const silences = new Silences({
    config: () => config().remediator.alertmanager,
    ask: askAlertmanager,
    monotonic: () => engine.deps.clock().mono,
    log,
  });
  const gate = new SilenceGate(silences, ({ labels, source }, silence) => {
    const { alertname = "", worker = "", host = "" } = labels;
    log.info("a silence holds the guard back", {
      alertname,
      worker,
      silence: silence.id,
      by: silence.createdBy,
      comment: silence.comment,
    });
    engine.store.commit([{ type: "refused", reason: "silenced", alertname, worker, host, source }]);
  });
  return {
    gate,
    get known() {
      return silences.known;
    },
  };
}
