// promtool checks the same file format: what it refuses, we refuse, and what it takes, we take.
import { expect, test } from "vitest";
import { loadWebConfig } from "../../../config/web/load.ts";
import { promtool } from "../../support/prometheus.ts";
import { problemsIn } from "../written-config.ts";
import { createWebFiles } from "./web-files.ts";

const HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
const users = (hash: string) => `basic_auth_users: {alice: "${hash}"}`;
const TLS = "cert_file: server.crt, key_file: server.key";

/** Good ones and bad ones, of every kind that promtool tells apart. */
const JUDGED = [
  "",
  "tls_server_config:",
  "junk",
  "tls_config: {}",
  `tls_server_config: {${TLS}}`,
  `tls_server_config: {${TLS}, junk: 1}`,
  "tls_server_config: {min_version: TLS13}",
  "tls_server_config: {cert_file: server.crt}",
  "tls_server_config: {key_file: server.key}",
  "tls_server_config: {cert_file: no.crt, key_file: server.key}",
  "tls_server_config: {cert_file: server.crt, key_file: other.key}",
  "tls_server_config: {cert_file: empty.crt, key_file: server.key}",
  `tls_server_config: {${TLS}, client_ca_file: ca.crt}`,
  `tls_server_config: {${TLS}, client_ca_file: no.crt, client_auth_type: RequireAndVerifyClientCert}`,
  ...["NoClientCert", "RequestClientCert", "RequireAnyClientCert", "RequireClientCert", "VerifyClientCertIfGiven"].map(
    (policy) => `tls_server_config: {${TLS}, client_auth_type: ${policy}}`,
  ),
  `tls_server_config: {${TLS}, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}`,
  `tls_server_config: {${TLS}, client_auth_type: Always}`,
  ...["TLS10", "TLS11", "TLS12", "TLS13", "TLS14", "tls12"].map(
    (version) => `tls_server_config: {${TLS}, min_version: ${version}}`,
  ),
  `tls_server_config: {${TLS}, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]}`,
  `tls_server_config: {${TLS}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}`,
  `tls_server_config: {${TLS}, cipher_suites: [AES128-SHA]}`,
  `tls_server_config: {${TLS}, curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]}`,
  `tls_server_config: {${TLS}, curve_preferences: [X448]}`,
  `tls_server_config: {${TLS}, prefer_server_cipher_suites: false}`,
  `tls_server_config: {${TLS}, prefer_server_cipher_suites: perhaps}`,
  "http_server_config: {http2: false}",
  "http_server_config: {http2: nope}",
  "http_server_config: {headers: {X-Frame-Options: deny}}",
  "http_server_config: {headers: {X-Frame-Options: allow}}",
  "http_server_config: {headers: {x-frame-options: deny}}",
  "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
  "http_server_config: {headers: {Content-Security-Policy: anything}}",
  users(HASH),
  users(HASH.replace("2y", "2a")),
  users(HASH.replace("2y", "2b")),
  users(HASH.replace("10", "03")),
  users(HASH.replace("10", "32")),
  users(HASH.slice(0, -2)),
  users(HASH.slice(1)),
  users("password"),
];

test("promtool finds the same files good and the same files bad", async () => {
  const site = createWebFiles();
  const files = JUDGED.map((text) => ({ text, file: site.written(text).file }));
  const { stderr } = await promtool(["check", "web-config", ...files.map(({ file }) => file)]);
  const verdicts = new Set(stderr.split("\n"));
  const judged = files.map(({ text, file }) => ({ text, good: verdicts.has(`${file} SUCCESS`) }));
  expect(judged.filter(({ good }) => good).length).toBeGreaterThan(10);
  expect(
    files.map(({ text, file }) => ({
      text,
      good: problemsIn(() => loadWebConfig(file, { isRoot: false })).length === 0,
    })),
  ).toEqual(judged);
});
