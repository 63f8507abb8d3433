// The guard against the real thing: one exposition, scraped by a real Prometheus, and the same expressions on both.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprint } from "../../../remediator/guard/alert-labels.ts";
import { type Element, evaluate } from "../../../remediator/guard/evaluate.ts";
import { type Expr, METRIC_NAME, type Operand } from "../../../remediator/guard/expression.ts";
import { parseExpr } from "../../../remediator/guard/parse.ts";
import { readPattern } from "../../../remediator/guard/pattern.ts";
import type { Sample } from "../../../worker/sample.ts";
import { eventually } from "../../support/eventually.ts";
import { startPrometheus } from "../../support/prometheus.ts";
import { anyExpr, anyPattern, anySamples, print } from "./generated.ts";

const SETS = 20;
const SEED = Date.now();
/** What the patterns are tried on. */
const CANDIDATES = "train train-1 enc trainenc box box-1 1 12 a aaa é éa aé1 💥 日 - / \\ { } [ * + ? . _ n d $ ^"
  .split(" ")
  .concat(" ", "\t", "\v", "\u00a0", "\u2028");

/** Many sets of samples in one exposition, kept apart by a label. */
const generated = fc.sample(anySamples, { numRuns: SETS, seed: SEED });
const samples: Sample[] = [
  ...generated.flatMap((set, index) => set.map((one) => ({ ...one, labels: { ...one.labels, set: String(index) } }))),
  ...CANDIDATES.map((v) => ({ name: "candidate", labels: { v }, value: 1 })),
];

let exposition: Server;
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

beforeAll(async () => {
  exposition = createServer((_, response) => response.end(expose(samples))).listen(0, "127.0.0.1");
  await eventually(() => exposition.listening, { what: "the exposition to listen" });
  const { port } = exposition.address() as AddressInfo;
  const job = { job_name: "differential", static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const config = JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [job] });
  prometheus = await startPrometheus({ config });
  const scraped = async () =>
    (await query(`{job="differential",${METRIC_NAME}!~"up|scrape_.*"}`)).length === samples.length;
  await eventually(scraped, { what: "the first scrape", within: 60_000 });
});

afterAll(async () => {
  await prometheus?.stop();
  exposition?.close();
});

describe("a real Prometheus and the guard agree", () => {
  test("on any expression of the subset over any samples", async () => {
    const set = fc.integer({ min: 0, max: SETS - 1 });
    let results = 0;
    let errors = 0;
    const property = fc.asyncProperty(anyExpr, set, async (expr, index) => {
      const text = print(within(expr, String(index)));
      const ours = guardSays(text);
      expect(ours, text).toEqual(await query(text));
      results += Number(ours.length > 0);
      errors += Number(ours[0]?.startsWith("error") ?? false);
    });
    await fc.assert(property, { numRuns: 1500, seed: SEED });
    // Agreement on nothing at all would be cheap.
    expect(results).toBeGreaterThan(300);
    expect(errors).toBeGreaterThan(20);
  }, 60_000);

  test("on every text that the guard takes, as strange as it may be", async () => {
    let taken = 0;
    const property = fc.asyncProperty(mutilated, async (text) => {
      const ours = guardSays(text);
      if (ours[0]?.startsWith("refused")) return;
      taken += 1;
      expect(ours, text).toEqual(await query(text));
    });
    await fc.assert(property, { numRuns: 3000, seed: SEED });
    expect(taken).toBeGreaterThan(100);
  }, 60_000);

  test("on what a pattern matches", async () => {
    let taken = 0;
    const property = fc.asyncProperty(anyPattern, async (pattern) => {
      if ("problem" in readPattern(pattern)) return;
      taken += 1;
      const text = `candidate{v=~"${pattern.replaceAll("\\", "\\\\")}"}`;
      expect(guardSays(text), text).toEqual(await query(text));
    });
    await fc.assert(property, { numRuns: 1500, seed: SEED });
    expect(taken).toBeGreaterThan(100);
  }, 60_000);
});

const INSERTED =
  "and or unless on ignoring bool sum start group ( ) () {} , > == -1 + - 1e3 0x1f 1. .5 08 1_0 5m Inf nan".split(" ");

/** Tokens of an expression, some dropped, doubled or replaced. */
const mutilated: fc.Arbitrary<string> = fc
  .tuple(
    anyExpr,
    fc.array(
      fc.record({
        at: fc.nat(),
        drop: fc.nat({ max: 1 }),
        insert: fc.constantFrom(...INSERTED),
      }),
      { maxLength: 3 },
    ),
    fc.constantFrom(" ", "\n", "\t", "\r\n", " # c\n", "\f"),
  )
  .map(([expr, changes, space]) => {
    const tokens = print(expr).match(/[\w:.]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[=!<>~]+|\S/g) ?? [];
    for (const { at, drop, insert } of changes) tokens.splice(at % (tokens.length + 1), drop, insert);
    return tokens.join(space);
  });

/** The same expression over one set of samples. */
function within<T extends Operand>(expr: T, set: string): T;
function within(expr: Operand, set: string): Operand {
  switch (expr.kind) {
    case "number":
      return expr;
    case "selector":
      return { ...expr, matchers: [...expr.matchers, { op: "=", label: "set", value: set }] };
    case "comparison":
      return { ...expr, left: within(expr.left, set), right: within(expr.right, set) };
    case "set":
      return { ...expr, left: within(expr.left, set), right: within(expr.right, set) };
  }
}

function guardSays(text: string): string[] {
  const parsed: { ok: Expr } | { problem: { message: string } } = parseExpr(text);
  if ("problem" in parsed) return [`refused: ${parsed.problem.message}`];
  const result = evaluate(parsed.ok, samples);
  return "error" in result ? [kindOf(result.error)] : result.ok.map(line).sort();
}

async function query(text: string): Promise<string[]> {
  const response = await fetch(`${prometheus.url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: text }),
  });
  const answer = (await response.json()) as {
    error?: string;
    errorType?: string;
    data?: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (answer.data === undefined)
    return [answer.errorType === "execution" ? kindOf(answer.error ?? "") : `${answer.errorType}: ${answer.error}`];
  if (answer.data.resultType !== "vector") return [answer.data.resultType];
  return answer.data.result
    .map(({ metric: { job: _job, instance: _instance, ...labels }, value: [, value] }) => {
      return line({ labels, value: Number(value.replace("Inf", "Infinity")) });
    })
    .sort();
}

function line({ labels, value }: Element): string {
  return `${fingerprint(labels)} ${Object.is(value, -0) ? "-0" : value}`;
}

/** The two say the same of what is wrong, and name the series in their own words. */
function kindOf(error: string): string {
  return `error: ${error.slice(0, 20)}`;
}

function expose(all: readonly Sample[]): string {
  return all
    .map(({ name, labels, value }) => {
      const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      return `${name}{${pairs.join(",")}} ${Object.is(value, -0) ? "-0" : String(value).replace("Infinity", "Inf")}\n`;
    })
    .join("");
}
