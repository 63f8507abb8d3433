// A real Alertmanager and a real pitcrew whose pipeline is down: the guard speaks for all rules, and listens to people's silences.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { askAlertmanager } from "../../../remediator/silences/ask-alertmanager.ts";
import { parseSilences, silenceOf } from "../../../remediator/silences/silence.ts";
import { startAlertmanager } from "../../support/alertmanager.ts";
import { eventsOf } from "../../support/events.ts";
import { eventually } from "../../support/eventually.ts";
import { createSite, LEAKY, startPitcrew } from "../../support/pitcrew.ts";

const CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n";

async function silence(url: string, matchers: readonly object[], forMs = 600_000): Promise<string> {
  const answer = await fetch(`${url}/api/v2/silences`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      matchers,
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + forMs).toISOString(),
      createdBy: "ann",
      comment: "maintenance",
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { silenceID: string }).silenceID;
}

describe("a real Alertmanager", () => {
  test("tells its silences: each kind of matcher, and none that has expired", async () => {
    const { url } = await startAlertmanager({ config: CONFIG });
    const base = { isRegex: false, isEqual: true };
    const ids = {
      equal: await silence(url, [{ ...base, name: "worker", value: "equal" }]),
      regex: await silence(url, [{ ...base, name: "worker", value: "reg.x", isRegex: true }]),
      not: await silence(url, [
        { ...base, name: "team", value: "ml" },
        { ...base, name: "worker", value: "equal", isEqual: false },
      ]),
      notRegex: await silence(url, [
        { ...base, name: "team", value: "db" },
        { ...base, name: "worker", value: "e.*", isRegex: true, isEqual: false },
      ]),
    };
    const gone = await silence(url, [{ ...base, name: "worker", value: "gone" }]);
    await fetch(`${url}/api/v2/silence/${gone}`, { method: "DELETE" });
    const { active, problems } = parseSilences(
      await askAlertmanager({ url, credentialsFile: undefined, timeoutSeconds: 5 }),
    );
    expect(problems).toEqual([]);
    expect(active).toHaveLength(4);
    const of = (labels: Record<string, string>) => silenceOf(active, labels)?.id;
    expect(of({ worker: "equal" })).toBe(ids.equal);
    expect(of({ worker: "regex" })).toBe(ids.regex);
    expect(of({ worker: "regexx" })).toBeUndefined();
    expect(of({ worker: "w", team: "ml" })).toBe(ids.not);
    expect(of({ worker: "w", team: "db" })).toBe(ids.notRegex);
    expect(of({ worker: "elf", team: "db" })).toBeUndefined();
    expect(of({ worker: "gone" })).toBeUndefined();
  });

  test("holds the guard back from a worker that is too old, and not from one over its memory limit", async () => {
    const { url } = await startAlertmanager({ config: CONFIG });
    await silence(url, [{ name: "host", value: "test-host", isRegex: false, isEqual: true }]);
    const site = createSite({
      remediator: `  guard: {when: pipeline_down, interval: 200ms}\n  alertmanager: {url: "${url}"}`,
      workers: (own) => `  - name: old
    command: [python3, ${LEAKY}, --events, ${own.events("old")}]
    restart: always
    limits: {age: 2s, age_jitter: 0%}
    stop: {drain: 0s, grace: 5s}
  - name: leaking
    command: [python3, ${LEAKY}, --events, ${own.events("leaking")}, --leak-mib-per-second, '40', --until-mib, '80']
    stop: {drain: 0s, grace: 5s}
    cooldown: 0s
    limits: {memory: 60MiB}`,
    });
    const pitcrew = await startPitcrew(site);
    await eventually(
      async () => (await pitcrew.metrics()).includes('suppressed_total{host="test-host",reason="silenced"} 1'),
      {
        what: "the silence to be noted",
        within: 60_000,
      },
    );
    await eventually(() => eventsOf(site.events("leaking"), "start").length > 1, {
      what: "the worker over its limit to be replaced",
      within: 60_000,
    });
    expect(eventsOf(site.events("old"), "start")).toHaveLength(1);
    expect((await pitcrew.status()).remediator?.silences).toBe("known");
    expect(pitcrew.log()).toContain("a silence holds the guard back");
  });

  test("that does not answer holds nothing back, and that is said", async () => {
    // It takes the connection and says nothing, the worst way of being away.
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      mute.closeAllConnections();
      mute.close();
    });
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const site = createSite({
      remediator: `  guard: {when: pipeline_down, interval: 200ms}\n  alertmanager: {url: "${url}", timeout: 500ms}`,
      workers: (own) => `  - name: old
    command: [python3, ${LEAKY}, --events, ${own.events("old")}]
    restart: always
    limits: {age: 2s, age_jitter: 0%}
    stop: {drain: 0s, grace: 5s}
    cooldown: 0s`,
    });
    const pitcrew = await startPitcrew(site);
    await eventually(() => eventsOf(site.events("old"), "start").length > 1, {
      what: "the old worker to be renewed",
      within: 60_000,
    });
    expect(pitcrew.log()).toContain("the guard acts without regard to silences");
    expect((await pitcrew.status()).remediator?.silences).toBe("unknown");
  });
});
