import { chmodSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadWebConfig } from "../../../config/web/load.ts";
import { problemsIn } from "../written-config.ts";
import { createWebFiles } from "./web-files.ts";

const HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

const TLS = "cert_file: server.crt, key_file: server.key";

let site: ReturnType<typeof createWebFiles>;

beforeAll(() => {
  site = createWebFiles();
});

const load = (text: string) => loadWebConfig(site.written(text).file, { isRoot: false });

describe("a web-config file", () => {
  test.each(["", "tls_server_config:\n", "basic_auth_users: {}\n"])("of %j asks for nothing", (text) => {
    expect(load(text)).toMatchObject({ tls: undefined, headers: [], rateLimit: undefined });
    expect(load(text).users.size).toBe(0);
  });

  test("names certificates by paths that are relative to it, and is as old as the newest of them", () => {
    const { file, folder } = site.written(
      `tls_server_config: {${TLS}, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}`,
    );
    const { tls, files } = loadWebConfig(file, { isRoot: false });
    expect(tls).toMatchObject({
      options: {
        cert: site.server.cert,
        key: site.server.key,
        ca: site.authority.cert,
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
      },
      clientCertificate: "required_and_verified",
      allowedSans: undefined,
    });
    expect(files).toEqual(["web.yml", "server.crt", "server.key", "ca.crt"].map((name) => join(folder, name)));
  });

  test("takes certificate, key and CA in place too", () => {
    const indented = (pem: string) => pem.trimEnd().replaceAll("\n", "\n    ");
    const { tls } = load(`
tls_server_config:
  client_auth_type: VerifyClientCertIfGiven
  cert: |
    ${indented(site.server.cert)}
  key: |
    ${indented(site.server.key)}
  client_ca: |
    ${indented(site.authority.cert)}
`);
    expect(tls).toMatchObject({ options: { cert: site.server.cert, key: site.server.key, ca: site.authority.cert } });
  });

  test("names cipher suites and curves as Go does; TLS 1.3 keeps its own", () => {
    const { tls } = load(
      `tls_server_config: {${TLS}, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], curve_preferences: [X25519, CurveP521]}`,
    );
    expect(tls?.options).toMatchObject({
      ciphers:
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256",
      ecdhCurve: "X25519:P-521",
    });
  });

  test("holds users with hashes of every bcrypt prefix, headers, and a rate", () => {
    const { users, headers, rateLimit } = load(`
basic_auth_users: {alice: "${HASH}", bob: "${HASH.replace("2y", "2a")}"}
http_server_config: {http2: false, headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=60, X-XSS-Protection: ""}}
rate_limit: {interval: 100ms, burst: 20}
`);
    expect([...users]).toEqual([
      ["alice", HASH.replace("2y", "2b")],
      ["bob", HASH.replace("2y", "2b")],
    ]);
    expect(headers).toEqual([
      ["Strict-Transport-Security", "max-age=60"],
      ["X-Frame-Options", "deny"],
    ]);
    expect(rateLimit).toEqual({ intervalSeconds: 0.1, burst: 20 });
  });
});

describe("a web-config file that is wrong", () => {
  test.each<[what: string, text: string, problem: string]>([
    ["an unknown key", "tls_server: {}", "1:1: tls_server: unknown key; did you mean tls_server_config?"],
    [
      "a key written twice",
      "rate_limit: {}\nrate_limit: {}",
      "2:1: rate_limit: written twice, first on line 1: keep one of the two",
    ],
    [
      "no mapping",
      "- a",
      "1:1: (file): expected the keys tls_server_config, http_server_config, basic_auth_users and rate_limit, got a list",
    ],
    [
      "no key",
      "tls_server_config: {cert_file: server.crt}",
      "1:20: tls_server_config.key_file: is missing: TLS needs one of key and key_file",
    ],
    [
      "no certificate",
      "tls_server_config: {client_auth_type: NoClientCert, key_file: server.key}",
      "1:20: tls_server_config.cert_file: is missing: TLS needs one of cert and cert_file",
    ],
    [
      "a file that is not there",
      "tls_server_config: {cert_file: no.crt, key_file: server.key}",
      "1:32: tls_server_config.cert_file: FOLDER/no.crt cannot be read (ENOENT)",
    ],
    [
      "an empty certificate",
      "tls_server_config: {cert_file: empty.crt, key_file: server.key}",
      "1:32: tls_server_config.cert_file: holds no certificate in PEM",
    ],
    [
      "a certificate for a key",
      "tls_server_config: {cert_file: server.crt, key_file: server.crt}",
      "1:54: tls_server_config.key_file: holds no private key in PEM, or one behind a passphrase",
    ],
    [
      "another certificate's key",
      "tls_server_config: {cert_file: server.crt, key_file: other.key}",
      "1:54: tls_server_config.key_file: is not the key of the certificate in cert_file",
    ],
    [
      "CAs for nobody",
      `tls_server_config: {${TLS}, client_ca_file: ca.crt}`,
      "1:20: tls_server_config.client_auth_type: client CAs are named, but no client is asked: write RequireAndVerifyClientCert, or leave the CAs out",
    ],
    [
      "an invented policy",
      `tls_server_config: {${TLS}, client_auth_type: RequireAndVerify}`,
      '1:84: tls_server_config.client_auth_type: expected one of NoClientCert, RequestClientCert, RequireClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert; got "RequireAndVerify"; did you mean RequireAndVerifyClientCert?',
    ],
    [
      "names that nobody must show",
      `tls_server_config: {${TLS}, client_allowed_sans: [a.example]}`,
      "1:87: tls_server_config.client_allowed_sans: needs client_auth_type to be RequireAndVerifyClientCert or RequireAnyClientCert: else a client need not show a certificate",
    ],
    [
      "an invented version",
      `tls_server_config: {${TLS}, min_version: TLS1.2}`,
      '1:79: tls_server_config.min_version: expected one of TLS10, TLS11, TLS12, TLS13; got "TLS1.2"; did you mean TLS12?',
    ],
    [
      "versions upside down",
      `tls_server_config: {${TLS}, min_version: TLS13, max_version: TLS12}`,
      "1:79: tls_server_config.min_version: TLS13 is above max_version, TLS12: no client could connect",
    ],
    [
      "an invented curve",
      `tls_server_config: {${TLS}, curve_preferences: [P-256]}`,
      '1:86: tls_server_config.curve_preferences[0]: expected one of CurveP256, CurveP384, CurveP521, X25519; got "P-256"; did you mean CurveP256?',
    ],
    [
      "a password in place of its hash",
      "basic_auth_users: {alice: hunter2}",
      `1:27: basic_auth_users.alice: is no bcrypt hash: write the output of  htpasswd -nBC 10 "" | tr -d ':\\n'`,
    ],
    [
      "a password that is a number",
      "basic_auth_users: {alice: 12345}",
      `1:27: basic_auth_users.alice: is no bcrypt hash: write the output of  htpasswd -nBC 10 "" | tr -d ':\\n'`,
    ],
    [
      "a header that may not be set",
      "http_server_config: {headers: {Server: x}}",
      "1:32: http_server_config.headers.Server: unknown key; remove it, or use one of Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
    ],
    [
      "a value that a header cannot have",
      "http_server_config: {headers: {X-Frame-Options: allow}}",
      '1:49: http_server_config.headers.X-Frame-Options: expected one of deny, sameorigin; got "allow"',
    ],
    [
      "a rate that lets nobody in",
      "rate_limit: {interval: 1s}",
      "1:13: rate_limit.burst: is 0: nothing would ever be answered, write at least 1",
    ],
  ])("by %s says where and what to do", (_what, text, problem) => {
    const { file, folder } = site.written(text);
    const problems = problemsIn(() => loadWebConfig(file, { isRoot: false }));
    expect(problems.map((line) => line.replace(`${file}:`, "").replace(folder, "FOLDER"))).toEqual([problem]);
    expect(problems.join("")).not.toContain("hunter2");
  });

  test("because it is not there is no reason to start without TLS", () => {
    expect(problemsIn(() => loadWebConfig("/nowhere/web.yml", { isRoot: false }))).toEqual([
      "/nowhere/web.yml:1:1: (file): does not exist: name another file with --web.config.file, or leave the flag out to serve without TLS and passwords",
    ]);
  });

  test("in others' hands is not read by root", () => {
    const { file } = site.written("basic_auth_users: {}");
    chmodSync(file, 0o666);
    expect(problemsIn(() => loadWebConfig(file, { isRoot: true }))).toHaveLength(1);
    expect(problemsIn(() => loadWebConfig(file, { isRoot: false }))).toEqual([]);
  });
});
