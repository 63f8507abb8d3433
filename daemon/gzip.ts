// Compressed answers for those who ask: on the thread pool, at the level where a text of metrics has given up most of its size.
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

const compress = promisify<Buffer, { level: number }, Buffer>(gzip);
const compressed = new WeakMap<Buffer, Promise<Buffer>>();

/** Whether `Accept-Encoding` asks for gzip. Source: RFC 9110, 12.5.3. */
export function wantsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => /^\s*(gzip|x-gzip|\*)\s*(?:;\s*q=([0-9.]+)\s*)?$/.exec(coding));
  const quality = (name: string) => {
    const found = codings.find((coding) => coding?.[1] === name);
    return found === undefined || found === null ? undefined : Number(found[2] ?? 1);
  };
  return (quality("gzip") ?? quality("x-gzip") ?? quality("*") ?? 0) > 0;
}

/** Scrapes that share a body share its compression. */
export function gzipOf(body: Buffer): Promise<Buffer> {
  const known = compressed.get(body);
  if (known !== undefined) return known;
  const promise = compress(body, { level: constants.Z_BEST_SPEED });
  compressed.set(body, promise);
  return promise;
}
