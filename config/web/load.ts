// The web-config file of the exporter-toolkit → how a daemon serves: TLS, headers, passwords, rate. README.md tells what differs.
import { dirname, resolve } from "node:path";
import { ConfigError } from "../problem.ts";
import { inspect } from "../schema/inspect.ts";
import type { Found } from "../source/found.ts";
import { placed } from "../source/placed.ts";
import { readConfigFile } from "../source/read-config-file.ts";
import { readSource } from "../source/source-document.ts";
import { WebConfigFile } from "./schema.ts";
import { tlsOf } from "./tls.ts";

const ABSENT = "name another file with --web.config.file, or leave the flag out to serve without TLS and passwords";

/** @throws ConfigError with all problems of the file and of the files that it names. */
export function loadWebConfig(path: string, { isRoot = process.getuid?.() === 0 }: { isRoot?: boolean } = {}) {
  const file = resolve(path);
  const folder = dirname(file);
  const { text, problems } = readConfigFile(path, isRoot, ABSENT);
  const source = readSource(text);
  const { draft, whole, found: misread } = inspect(WebConfigFile, written(source.value) ?? {});
  const found: Found[] = [...misread];
  const keys = whole?.tls_server_config;
  const tls = keys === undefined ? undefined : tlsOf(keys, folder, found);
  const rate = draft?.rate_limit;
  if ((rate?.interval ?? 0) > 0 && rate?.burst === 0) {
    const message = "is 0: nothing would ever be answered, write at least 1";
    found.push({ path: ["rate_limit", "burst"], message, part: "value" });
  }
  problems.push(...placed(path, source, found));
  if (problems.length > 0 || whole === undefined) throw new ConfigError("invalid", problems);
  const { cert_file, key_file, client_ca_file } = whole.tls_server_config;
  const { interval, burst } = whole.rate_limit;
  return {
    tls,
    headers: Object.entries(whole.http_server_config.headers).flatMap(([name, value]): [string, string][] =>
      value === undefined || value === "" ? [] : [[name, value]],
    ),
    /** Name → hash, with the one prefix that the bcrypt package knows. */
    users: new Map(
      Object.entries(whole.basic_auth_users).map(([name, hash]) => [name, hash.replace(/^\$2[abxy]?\$/, "$2b$$")]),
    ),
    rateLimit: interval > 0 ? { intervalSeconds: interval, burst } : undefined,
    /** A change of any of them is a change of this. */
    files: [
      file,
      ...[cert_file, key_file, client_ca_file].flatMap((name) => name ?? []).map((name) => resolve(folder, name)),
    ],
  };
}

/** A key without a value is as good as none, as in every exporter. */
function written(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, written(inner)]));
}
