import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBudget } from "../../../config/units/budget.ts";
import { parseListenAddress } from "../../../config/units/listen-address.ts";
import { parsePercentage } from "../../../config/units/percentage.ts";

describe("a budget", () => {
  test("is a number of starts in a window", () => {
    expect(parseBudget("3/30m")).toEqual({ ok: true, value: { starts: 3, windowSeconds: 1800 } });
    expect(parseBudget("1/1h30m")).toEqual({ ok: true, value: { starts: 1, windowSeconds: 5400 } });
  });

  test.each([
    "",
    "3",
    "/30m",
    "3/",
    "3/30",
    "0/30m",
    "-1/30m",
    "1.5/30m",
    "3/0s",
    "3/30m/1h",
    "99999999999/1h",
    "3 / 30m",
  ])("%j is refused", (text) => {
    expect(parseBudget(text).ok).toBe(false);
  });
});

describe("a percentage", () => {
  test("is a fraction of one", () => {
    expect(parsePercentage("10%", 50)).toEqual({ ok: true, value: 0.1 });
    expect(parsePercentage("0%", 50)).toEqual({ ok: true, value: 0 });
    expect(parsePercentage("12.5%", 50)).toEqual({ ok: true, value: 0.125 });
  });

  test.each(["", "10", "%", "-5%", "10 %", "51%", "1e1%"])("%j is refused", (text) => {
    expect(parsePercentage(text, 50).ok).toBe(false);
  });
});

describe("a listen address", () => {
  test.each([
    ["127.0.0.1:10101", { host: "127.0.0.1", port: 10101 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    [":10101", { host: "", port: 10101 }],
    ["localhost:9100", { host: "localhost", port: 9100 }],
    ["0.0.0.0:65535", { host: "0.0.0.0", port: 65535 }],
    ["gpu-box-1.lan:80", { host: "gpu-box-1.lan", port: 80 }],
  ])("%s is understood", (text, address) => {
    expect(parseListenAddress(text)).toEqual({ ok: true, value: address });
  });

  test.each([
    "",
    "10101",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "256.0.0.1:1",
    "::1",
    "::1:80",
    "[::1]",
    "[]:80",
    "[127.0.0.1]:80",
    "http://a:1",
    "a b:1",
    "-a:1",
    "a:1\n",
    "a:-1",
  ])("%j is refused", (text) => {
    expect(parseListenAddress(text).ok).toBe(false);
  });

  test("no text makes the parsers throw", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        for (const parse of [parseListenAddress, parseBudget]) expect(typeof parse(text).ok).toBe("boolean");
        expect(typeof parsePercentage(text, 50).ok).toBe("boolean");
      }),
    );
  });
});
