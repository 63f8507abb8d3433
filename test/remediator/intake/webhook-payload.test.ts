// Alertmanager's webhook payload, version 4: what is read of it, and what is said of one that is wrong.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedPayload, parsePayload } from "../../../remediator/intake/webhook-payload.ts";

/** As Alertmanager 0.25 sends it: a mixed batch, `firing` at the top. */
const REAL = {
  receiver: "pitcrew",
  status: "firing",
  alerts: [
    {
      status: "firing",
      labels: { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", worker: "train-1", remediation: "restart" },
      annotations: { summary: "train-1 on h is over its memory limit" },
      startsAt: "2026-02-15T12:00:00.123Z",
      endsAt: "0001-01-01T00:00:00Z",
      generatorURL: "http://prometheus:9090/graph?g0.expr=x",
      fingerprint: "c5d3c1a1d4a3e1f0",
    },
    {
      status: "resolved",
      labels: { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", worker: "train-2", remediation: "restart" },
      annotations: {},
      startsAt: "2026-02-15T11:00:00Z",
      endsAt: "2026-02-15T11:59:00Z",
      generatorURL: "",
      fingerprint: "0",
    },
  ],
  groupLabels: { alertname: "PitcrewWorkerMemoryOverLimit" },
  commonLabels: { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", remediation: "restart" },
  commonAnnotations: {},
  externalURL: "http://alertmanager:9093",
  version: "4",
  groupKey: '{}/{remediation!=""}:{alertname="PitcrewWorkerMemoryOverLimit"}',
  truncatedAlerts: 3,
};

const [ALERT] = REAL.alerts;

describe("a payload of Alertmanager's", () => {
  test("gives each alert's own status and labels, and how many were cut off", () => {
    expect(parsePayload(REAL)).toEqual({
      notices: [
        {
          source: "webhook",
          status: "firing",
          labels: { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", worker: "train-1", remediation: "restart" },
          startsAt: "2026-02-15T12:00:00.123Z",
        },
        {
          source: "webhook",
          status: "resolved",
          labels: { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", worker: "train-2", remediation: "restart" },
          startsAt: "2026-02-15T11:00:00Z",
        },
      ],
      truncated: 3,
    });
  });

  test("takes nothing from the group: common labels belong to nobody", () => {
    const bare = { ...REAL, alerts: [{ ...ALERT, labels: {} }] };
    expect(parsePayload(bare).notices[0]?.labels).toEqual({});
  });

  test("of a later version may have fields that we do not know, and lack those that we do not need", () => {
    const { labels, status } = ALERT ?? {};
    const later = { version: "4", alerts: [{ status, labels, novelty: [1] }], novelty: { a: null } };
    expect(parsePayload(later)).toMatchObject({ notices: [{ status: "firing", startsAt: undefined }], truncated: 0 });
  });

  test("may be empty", () => {
    expect(parsePayload({ ...REAL, alerts: [], truncatedAlerts: undefined })).toEqual({ notices: [], truncated: 0 });
  });

  test("keeps hostile labels as they are, and no prototype of theirs", () => {
    const labels = JSON.parse('{"__proto__": "p", "constructor": "c", "a": "\\u0000\\n$(reboot)"}') as object;
    const [notice] = parsePayload({ ...REAL, alerts: [{ ...ALERT, labels }] }).notices;
    expect(notice?.labels).toMatchObject({ a: "\0\n$(reboot)" });
    expect(Object.getPrototypeOf(notice?.labels)).not.toBe("p");
    expect(notice?.labels.remediation).toBeUndefined();
  });
});

describe("a payload that is not understood is refused, and says where and why", () => {
  test.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /^the payload: /],
    ["a text", "hello", /^the payload: /],
    ["a list", [], /^the payload: /],
    ["an empty object", {}, /^version: /],
    ["another version", { ...REAL, version: "3" }, /^version: /],
    ["a version that is a number", { ...REAL, version: 4 }, /^version: /],
    ["no alerts", { version: "4" }, /^alerts: /],
    ["alerts that are none", { ...REAL, alerts: {} }, /^alerts: /],
    ["an alert that is none", { ...REAL, alerts: [ALERT, null] }, /^alerts\.1: /],
    ["an unknown status", { ...REAL, alerts: [{ ...ALERT, status: "pending" }] }, /^alerts\.0\.status: /],
    ["no labels", { ...REAL, alerts: [{ status: "firing" }] }, /^alerts\.0\.labels: /],
    ["a label that is a number", { ...REAL, alerts: [{ ...ALERT, labels: { a: 1 } }] }, /^alerts\.0\.labels\.a: /],
    ["a negative count", { ...REAL, truncatedAlerts: -1 }, /^truncatedAlerts: /],
  ])("%s", (_title, body, message) => {
    expect(() => parsePayload(body)).toThrow(MalformedPayload);
    expect(() => parsePayload(body)).toThrow(message);
  });

  test("whatever it is", () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true });
    const almost = fc.record(
      {
        version: fc.oneof(fc.constant("4"), anything),
        truncatedAlerts: anything,
        alerts: fc.oneof(
          anything,
          fc.array(
            fc.record(
              {
                status: fc.oneof(fc.constantFrom("firing", "resolved"), anything),
                labels: fc.oneof(anything, fc.dictionary(fc.string(), fc.string())),
                startsAt: anything,
              },
              { requiredKeys: [] },
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, almost), (body) => {
        try {
          const { notices } = parsePayload(body);
          for (const { labels } of notices)
            expect(Object.values(labels).every((value) => typeof value === "string")).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPayload);
          expect((error as MalformedPayload).message).toContain(": ");
        }
      }),
      { numRuns: 500 },
    );
  });
});
