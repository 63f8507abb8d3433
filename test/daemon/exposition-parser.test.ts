// The strict reader that the other tests trust: what it must refuse, it refuses.
import { expect, test } from "vitest";
import type { ExpositionFormat } from "../../daemon/exposition.ts";
import { parseExposition } from "./exposition-parser.ts";

const GAUGE = "# HELP a_bytes A.\n# TYPE a_bytes gauge\n";

test("a clean exposition is read in both formats", () => {
  const text = `${GAUGE}a_bytes{x="1"} 5\n# HELP b_total B.\n# TYPE b_total counter\nb_total 1.5\n`;
  expect([...parseExposition(text, "text").keys()]).toEqual(["a_bytes", "b_total"]);
  const openMetrics = `${GAUGE}# UNIT a_bytes bytes\na_bytes 5\n# HELP b B.\n# TYPE b counter\nb_total 1\n# EOF\n`;
  expect([...parseExposition(openMetrics, "openmetrics").keys()]).toEqual(["a_bytes", "b"]);
  expect(parseExposition("# EOF\n", "openmetrics").size).toBe(0);
});

test.each<[string, ExpositionFormat, string, RegExp]>([
  ["no end", "openmetrics", `${GAUGE}a_bytes 5\n`, /not # EOF/],
  ["something after the end", "openmetrics", `${GAUGE}a_bytes 5\n# EOF\na_bytes{x="1"} 5\n`, /not # EOF/],
  ["the end twice", "openmetrics", `${GAUGE}a_bytes 5\n# EOF\n# EOF\n`, /unexpected comment/],
  ["an end in the text format", "text", `${GAUGE}a_bytes 5\n# EOF\n`, /unexpected comment/],
  ["a last line without its newline", "text", `${GAUGE}a_bytes 5`, /not ended/],
  ["a family twice", "text", `${GAUGE}a_bytes 5\n${GAUGE}a_bytes{x="1"} 5\n`, /family twice/],
  ["a series twice", "text", `${GAUGE}a_bytes{x="1",y="2"} 5\na_bytes{y="2",x="1"} 6\n`, /series twice/],
  ["a label twice", "text", `${GAUGE}a_bytes{x="1",x="2"} 5\n`, /not a sample/],
  ["a last family without samples", "openmetrics", `${GAUGE}# EOF\n`, /without samples/],
  ["help without a type", "text", "# HELP a_bytes A.\n# HELP b B.\n# TYPE b gauge\nb 1\n", /HELP without its TYPE/],
  ["help without a type at the end", "text", `${GAUGE}a_bytes 5\n# HELP b B.\n`, /HELP without its TYPE/],
  ["a comment that is none of the three", "text", `# by hand\n${GAUGE}a_bytes 5\n`, /unexpected comment/],
  ["an empty line", "text", `${GAUGE}\na_bytes 5\n`, /not a sample/],
  ["a type that does not exist", "text", "# HELP a A.\n# TYPE a gauge32\na 5\n", /unknown type/],
  ["a name with a dash", "text", "# HELP a-b A.\n# TYPE a-b gauge\na-b 5\n", /bad metric name/],
  ["a time stamp", "text", `${GAUGE}a_bytes 5 1700000000\n`, /not a sample/],
  [
    "a histogram's sample of another name",
    "text",
    "# HELP h H.\n# TYPE h histogram\nh_max 5\n",
    /outside of its family/,
  ],
  ["a unit in the text format", "text", `${GAUGE}# UNIT a_bytes bytes\na_bytes 5\n`, /unexpected comment/],
  [
    "a unit after the samples",
    "openmetrics",
    `${GAUGE}a_bytes 5\n# UNIT a_bytes bytes\n# EOF\n`,
    /UNIT not right after/,
  ],
  [
    "families that are mixed",
    "text",
    `${GAUGE}# HELP b B.\n# TYPE b gauge\na_bytes 5\n`,
    /without samples|outside of its family/,
  ],
  ["a family without samples", "text", `${GAUGE}# HELP b B.\n# TYPE b gauge\nb 5\n`, /without samples/],
  ["a sample without a family", "text", "a_bytes 5\n", /before its family/],
  ["a type without help", "text", "# TYPE a_bytes gauge\na_bytes 5\n", /without its HELP/],
  ["a counter without _total", "openmetrics", "# HELP b B.\n# TYPE b counter\nb 1\n# EOF\n", /outside of its family/],
  [
    "a counter's family with it",
    "openmetrics",
    "# HELP b_total B.\n# TYPE b_total counter\nb_total 1\n# EOF\n",
    /misnamed/,
  ],
  ["a counter below zero", "text", "# HELP b_total B.\n# TYPE b_total counter\nb_total -1\n", /counter below zero/],
  [
    "a counter that is no number",
    "text",
    "# HELP b_total B.\n# TYPE b_total counter\nb_total NaN\n",
    /counter below zero/,
  ],
  [
    "a unit that the name does not end with",
    "openmetrics",
    `${GAUGE}# UNIT a_bytes seconds\na_bytes 5\n# EOF\n`,
    /unit/,
  ],
  ["a unit that is not a base unit", "text", "# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 5\n", /base unit/],
  ["a percentage", "text", "# HELP a_percent A.\n# TYPE a_percent gauge\na_percent 5\n", /base unit/],
  ["an escape that does not exist", "text", `${GAUGE}a_bytes{x="\\t"} 5\n`, /not a sample/],
  ["a comma too many", "text", `${GAUGE}a_bytes{x="1",} 5\n`, /not a sample/],
  ["a number in hexadecimal", "text", `${GAUGE}a_bytes 0x5\n`, /not a sample/],
  ["two spaces", "text", `${GAUGE}a_bytes  5\n`, /not a sample/],
])("%s is refused", (_, format, text, why) => {
  expect(() => parseExposition(text, format)).toThrow(why);
});
