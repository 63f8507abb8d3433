// Carries out the steps of an incident on the host: its only act is to open an incident on the chosen worker.
import type { Stamp } from "./clock.ts";
import type { HostStep } from "./decide-host.ts";
import type { Hands } from "./hands.ts";
import type { Incident } from "./incident.ts";
import { told } from "./incident.ts";

export function performHostStep(engine: Hands, incident: Incident, step: HostStep, now: Stamp): void {
  switch (step.kind) {
    case "wait":
      engine.wakeAt(step.until);
      if (step.blocked === incident.blocked) return;
      engine.store.commit([
        {
          type: "incident",
          incident: {
            ...withoutBlocked(incident),
            ...(step.blocked === undefined ? {} : { blocked: step.blocked }),
            changedAt: now,
            story:
              step.because === undefined ? incident.story : told(incident, { at: now, text: `waits: ${step.because}` }),
          },
        },
      ]);
      return;
    case "settle":
      engine.store.transition(
        incident,
        { state: "settling", deadline: step.deadline, ...(step.helpless === true ? { helpless: true } : {}) },
        { at: now, text: step.because },
      );
      engine.wakeAt(step.deadline);
      return;
    case "choose": {
      const [reception] = engine.accept([
        {
          target: { kind: "worker", worker: step.worker },
          ladder: "restart",
          reason: incident.reason,
          source: incident.source,
          ...(incident.alertname === undefined ? {} : { alertname: incident.alertname }),
          text: `chosen to free memory: ${step.because}`,
        },
      ]);
      if (reception === undefined) return;
      engine.store.transition(
        withoutHelpless(engine.store.current(incident)),
        { state: "open", victims: [...(incident.victims ?? []), reception.incident.id] },
        { at: now, text: `renews ${step.because}` },
      );
      engine.wakeAt(now.mono);
      return;
    }
    case "close":
      engine.store.transition(
        incident,
        { state: step.state, ...(step.suppressed === undefined ? {} : { suppressed: step.suppressed }) },
        { at: now, text: step.because },
      );
      return;
  }
}

/** There is somebody after all. */
function withoutHelpless(incident: Incident): Incident {
  const { helpless: _passed, ...rest } = incident;
  return rest;
}

function withoutBlocked(incident: Incident): Incident {
  const { blocked: _passed, ...rest } = incident;
  return rest;
}
