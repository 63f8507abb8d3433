import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { Agent } from "node:https";
import { connect as connectTls } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { type Authority, type Certificate, createAuthority } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { connectTo, raw } from "../serve.ts";
import { ask, serveWebConfig } from "./serve-web-config.ts";

let authority: Authority;
let server: Certificate;
let serverRsa: Certificate;
let renewed: Certificate;
let client: Certificate;
let clientElsewhere: Certificate;

beforeAll(() => {
  authority = createAuthority();
  server = authority.issue("server", {});
  serverRsa = authority.issue("server-rsa", { rsa: true });
  renewed = authority.issue("renewed", {});
  client = authority.issue("client", {
    usage: "clientAuth",
    sans: ["DNS:prometheus.example", "IP:10.0.0.7", "URI:spiffe://a/b"],
  });
  clientElsewhere = createAuthority("elsewhere").issue("client", { usage: "clientAuth" });
});

const serial = ({ cert }: Certificate) => new X509Certificate(cert).serialNumber;

/** @param keys further ones of tls_server_config */
function serveTls(keys = "", certificate = server) {
  return serveWebConfig(`tls_server_config: {cert_file: server.crt, key_file: server.key${keys}}`, {
    "server.crt": certificate.cert,
    "server.key": certificate.key,
    "ca.crt": authority.cert,
  });
}

describe("with certificate and key", () => {
  test("every page is served over TLS, by an address that says so", async () => {
    const { url } = await serveTls();
    expect(url).toMatch(/^https:/);
    const answer = await ask(`${url}metrics`, { ca: authority.cert });
    expect(answer).toMatchObject({
      status: 200,
      body: "a 1\n",
      protocol: "TLSv1.3",
      serverCertificate: serial(server),
    });
    expect((await ask(`${url}-/healthy`, { ca: authority.cert })).status).toBe(200);
    expect((await ask(`${url}nowhere`, { ca: authority.cert })).status).toBe(404);
  });

  test("a client without TLS gets nothing, and the server lives on", async () => {
    const site = await serveTls();
    expect(await raw(site, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")).not.toContain("200 OK");
    expect((await ask(`${site.url}metrics`, { ca: authority.cert })).status).toBe(200);
  });

  test("one connection carries many requests", async () => {
    const { url } = await serveTls();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    for (let i = 0; i < 5; i++) expect((await ask(`${url}metrics`, { agent })).status).toBe(200);
    agent.destroy();
  });

  test("HTTP/1.1 is what it speaks, also to a client that would like HTTP/2", async () => {
    const { port } = await serveTls();
    const socket = connectTls({ port, host: "127.0.0.1", ca: authority.cert, ALPNProtocols: ["h2", "http/1.1"] });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  test("a client that never finishes its handshake is cut off, and closing waits for none", async () => {
    const cut = await serveWebConfig(
      "tls_server_config: {cert_file: server.crt, key_file: server.key}",
      { "server.crt": server.cert, "server.key": server.key },
      { timeouts: { headersMs: 200 } },
    );
    await once(connectTo(cut).resume(), "close");
    const patient = await serveTls();
    const silent = connectTo(patient);
    await once(silent, "connect");
    const closed = once(silent.resume(), "close");
    await patient.close();
    await closed;
  });
});

describe("versions, suites and curves", () => {
  test("below 1.2 nothing is spoken unless the file says so", async () => {
    const old = {
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
      ca: () => authority.cert,
    } as const;
    const request = async (url: string) => ask(`${url}metrics`, { ...old, ca: authority.cert });
    await expect(request((await serveTls()).url)).rejects.toThrow();
    expect(await request((await serveTls(", min_version: TLS10", serverRsa)).url)).toMatchObject({
      status: 200,
      protocol: "TLSv1.1",
    });
  });

  test("max_version and cipher_suites choose what a modern client gets", async () => {
    const { url } = await serveTls(
      ", max_version: TLS12, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
      serverRsa,
    );
    expect(await ask(`${url}metrics`, { ca: authority.cert })).toMatchObject({
      protocol: "TLSv1.2",
      cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    });
    await expect(
      ask(`${url}metrics`, { ca: authority.cert, ciphers: "ECDHE-RSA-CHACHA20-POLY1305" }),
    ).rejects.toThrow();
  });

  test("a client that knows none of curve_preferences is refused", async () => {
    const { url } = await serveTls(", curve_preferences: [CurveP521]");
    expect((await ask(`${url}metrics`, { ca: authority.cert })).status).toBe(200);
    await expect(ask(`${url}metrics`, { ca: authority.cert, ecdhCurve: "P-384" })).rejects.toThrow();
  });
});

describe("a client's certificate", () => {
  const policies = [
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
  ];
  const letIn: Record<string, readonly string[]> = {
    none: ["NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven"],
    "of the CA": policies,
    "of another CA": ["NoClientCert", "RequestClientCert", "RequireAnyClientCert"],
  };
  test.each(policies)("is treated by %s as by every exporter", async (policy) => {
    const ca = policy === "NoClientCert" ? "" : ", client_ca_file: ca.crt";
    const { url } = await serveTls(`, client_auth_type: ${policy}${ca}`);
    const clients = { none: undefined, "of the CA": client, "of another CA": clientElsewhere };
    for (const [name, certificate] of Object.entries(clients)) {
      const answer = await ask(`${url}metrics`, {
        ca: authority.cert,
        cert: certificate?.cert,
        key: certificate?.key,
      }).catch(() => "refused");
      expect([name, typeof answer === "string" ? answer : answer.status]).toEqual([
        name,
        letIn[name]?.includes(policy) ? 200 : "refused",
      ]);
    }
  });

  test.each([
    ["prometheus.example", 200],
    ["10.0.0.7", 200],
    ["spiffe://a/b", 200],
    ["example", "refused"],
    ["DNS:prometheus.example", "refused"],
  ])("must carry a name of client_allowed_sans: %s", async (name, expected) => {
    const { url } = await serveTls(
      `, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [other.example, "${name}"]`,
    );
    const answer = await ask(`${url}metrics`, { ca: authority.cert, cert: client.cert, key: client.key }).catch(
      () => "refused",
    );
    expect(typeof answer === "string" ? answer : answer.status).toBe(expected);
  });

  test("is still known when a session is resumed", async () => {
    const { url, port } = await serveTls(", client_auth_type: RequireAnyClientCert");
    const options = {
      port,
      host: "127.0.0.1",
      ca: authority.cert,
      cert: client.cert,
      key: client.key,
      maxVersion: "TLSv1.2",
    } as const;
    const first = connectTls(options);
    const [session] = (await once(first, "session")) as [Buffer];
    first.destroy();
    const answer = await ask(`${url}metrics`, { ...options, agent: new Agent({ ...options, session }) });
    expect(answer).toMatchObject({ status: 200, resumed: true });
  });
});

describe("files that change", () => {
  test("a renewed certificate is shown to the next connection, and no connection breaks", async () => {
    const { url, write } = await serveTls();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    await ask(`${url}metrics`, { agent });
    write({ "server.crt": renewed.cert, "server.key": renewed.key });
    expect(await ask(`${url}metrics`, { ca: authority.cert })).toMatchObject({
      status: 200,
      serverCertificate: serial(renewed),
    });
    expect((await ask(`${url}metrics`, { agent })).status).toBe(200);
    agent.destroy();
  });

  test("between a new certificate and its key the old pair serves", async () => {
    const { url, write, lines } = await serveTls();
    write({ "server.crt": renewed.cert });
    expect(await ask(`${url}metrics`, { ca: authority.cert })).toMatchObject({ serverCertificate: serial(server) });
    expect(lines.filter((line) => line.includes("is not the key of the certificate"))).toHaveLength(1);
    write({ "server.key": renewed.key });
    expect(await ask(`${url}metrics`, { ca: authority.cert })).toMatchObject({ serverCertificate: serial(renewed) });
  });

  test("a policy that has become stricter holds for the next connection", async () => {
    const { url, write } = await serveTls();
    const request = () => ask(`${url}metrics`, { ca: authority.cert });
    expect((await request()).status).toBe(200);
    write({
      "web.yml":
        "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}",
    });
    await expect(request()).rejects.toThrow();
    expect((await ask(`${url}metrics`, { ca: authority.cert, cert: client.cert, key: client.key })).status).toBe(200);
  });

  test("a bad file keeps the old one in force, is complained of once, and is left when it is mended", async () => {
    const { url, write, lines } = await serveTls();
    write({ "web.yml": "tls_server_config: {cert_file: gone.crt, key_file: server.key}" });
    for (let i = 0; i < 3; i++) expect((await ask(`${url}metrics`, { ca: authority.cert })).status).toBe(200);
    expect(lines.filter((line) => line.includes("the old one stays in force"))).toHaveLength(1);
    // Not by a change of the file itself: by one of what it names.
    write({ "gone.crt": renewed.cert, "server.key": renewed.key });
    await eventually(
      async () => (await ask(`${url}metrics`, { ca: authority.cert })).serverCertificate === serial(renewed),
      { what: "the new certificate" },
    );
  });

  test("TLS does not go away while the server runs", async () => {
    const { url, write } = await serveTls();
    write({ "web.yml": "" });
    expect((await ask(`${url}metrics`, { ca: authority.cert })).status).toBe(200);
  });
});
