// PromQL's literals, read as Prometheus reads them; where its versions or Go and JavaScript differ, they are refused.

export type Literal<T> = { ok: T } | { problem: string };

const DECIMAL = /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^0[xX][0-9a-fA-F]+$/;
const MAX_INT64 = 2n ** 63n - 1n;

/** An unsigned number: `1`, `1.5e3`, `0x1F`, `Inf`, `NaN`. Source: Prometheus 2.42, promql/parser, `number`. */
export function readNumber(text: string): Literal<number> {
  if (/^inf$/i.test(text)) return { ok: Number.POSITIVE_INFINITY };
  if (/^nan$/i.test(text)) return { ok: Number.NaN };
  if (HEXADECIMAL.test(text)) {
    return BigInt(text) <= MAX_INT64 ? { ok: Number(BigInt(text)) } : { problem: `${text} is too large` };
  }
  if (/^\d+[a-z]/i.test(text) && !DECIMAL.test(text)) {
    return { problem: `"${text}" is a duration, not a number: write it in seconds` };
  }
  if (!DECIMAL.test(text)) return { problem: `"${text}" is not a number of Prometheus 2` };
  if (/^0\d+$/.test(text)) return { problem: `Prometheus reads "${text}" as octal: write it without the leading zero` };
  const value = Number(text);
  return Number.isFinite(value) ? { ok: value } : { problem: `${text} is too large` };
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^xuU0-7]))/y;

/** A string with its quotes: "…" and '…' with Go's escapes, `…` as it is. Source: util/strutil, `Unquote`. */
export function readString(quoted: string): Literal<string> {
  const quote = quoted.charAt(0);
  const body = quoted.slice(1, -1);
  if (quoted.length < 2 || !quoted.endsWith(quote)) return { problem: "a string is not closed" };
  if (quoted.includes("\uFFFD")) return { problem: "a string holds the replacement character" };
  if (quote === "`") return { ok: body };
  if (body.includes("\n")) return { problem: "a string is not closed before the end of its line" };

  let value = "";
  for (let at = 0; at < body.length; ) {
    const char = body.charAt(at);
    if (char === quote) return { problem: "a string is not closed" };
    if (char !== "\\") {
      value += char;
      at += 1;
      continue;
    }
    ESCAPE.lastIndex = at;
    const found = ESCAPE.exec(body);
    const meant = found === null ? undefined : decodeEscape(found, quote);
    if (found === null || meant === undefined) {
      return { problem: `a string holds an escape that is not one of Go's: ${body.slice(at, at + 4)}` };
    }
    value += meant;
    at += found[0].length;
  }
  return { ok: value };
}

function decodeEscape(found: RegExpExecArray, quote: string): string | undefined {
  const [, byte, short, long, octal, simple] = found;
  if (simple !== undefined) return simple === quote ? quote : lookup(simple);
  if (byte !== undefined || octal !== undefined) {
    // Bytes from 0x80 on are halves of UTF-8 sequences in Go; JavaScript has no such strings.
    const code = byte === undefined ? Number.parseInt(octal ?? "", 8) : Number.parseInt(byte, 16);
    return code < 0x80 ? String.fromCharCode(code) : undefined;
  }
  const point = Number.parseInt(short ?? long ?? "", 16);
  const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
  return isCharacter ? String.fromCodePoint(point) : undefined;
}

function lookup(simple: string): string | undefined {
  return Object.hasOwn(SIMPLE_ESCAPES, simple) ? SIMPLE_ESCAPES[simple] : undefined;
}
