import { expect, test } from "vitest";
import { negotiateFormat } from "../../daemon/negotiation.ts";

test.each([
  ["no header", undefined, "text"],
  ["an empty header", "", "text"],
  ["curl", "*/*", "text"],
  ["a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text"],
  [
    "Prometheus 2.42",
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  [
    "Prometheus 3",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1",
    "openmetrics",
  ],
  [
    "a version of OpenMetrics that we do not speak",
    "application/openmetrics-text;version=0.0.1,text/plain;q=0.1",
    "text",
  ],
  ["text preferred by quality", "application/openmetrics-text;q=0.3, text/plain;q=0.9", "text"],
  ["OpenMetrics declined", "application/openmetrics-text;q=0", "text"],
  ["anything preferred to OpenMetrics", "application/openmetrics-text;q=0.5, */*;q=0.9", "text"],
  ["odd case and spaces", " Application/OpenMetrics-Text ; Version=1.0.0 ; Q=1 ", "openmetrics"],
  ["a quoted version", 'application/openmetrics-text;version="1.0.0"', "openmetrics"],
  ["a quality that is no number", "application/openmetrics-text;q=high", "text"],
  ["neither format", "image/png", "text"],
  ["separators only", ",;,=;;", "text"],
])("%s gets the format it wants", (_who, accept, format) => {
  expect(negotiateFormat(accept)).toBe(format);
});
