// `tls_server_config` → what Node's TLS server takes; certificates and keys are read and tried out.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext, DEFAULT_CIPHERS, type SecureVersion, type TlsOptions } from "node:tls";
import type { Found } from "../source/found.ts";
import { cipherList, curveList } from "./cipher-suites.ts";
import type { WebConfigFile } from "./schema.ts";

type TlsKeys = WebConfigFile["tls_server_config"];

/** What a client has to show: `client_auth_type`, in words. */
type ClientCertificate = "not_asked" | "requested" | "required" | "verified_if_given" | "required_and_verified";

const CLIENT_CERTIFICATE: Readonly<Record<NonNullable<TlsKeys["client_auth_type"]>, ClientCertificate>> = {
  NoClientCert: "not_asked",
  RequestClientCert: "requested",
  RequireClientCert: "required",
  RequireAnyClientCert: "required",
  VerifyClientCertIfGiven: "verified_if_given",
  RequireAndVerifyClientCert: "required_and_verified",
};

const VERSION: Readonly<Record<TlsKeys["min_version"], SecureVersion>> = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
};

/** @returns undefined: TLS is not asked for, or something was found. */
export function tlsOf(keys: TlsKeys, folder: string, found: Found[]) {
  const { cert, key, client_ca, cert_file, key_file, client_ca_file, client_auth_type } = keys;
  const asked = [cert, key, client_ca, cert_file, key_file, client_ca_file, client_auth_type].some(Boolean);
  if (!asked) return undefined;
  const problem = (name: string, message: string) => {
    found.push({ path: ["tls_server_config", name], message, part: "value" });
  };
  const pem = (name: "cert" | "key" | "client_ca"): string | undefined => {
    const path = keys[`${name}_file`];
    if (path === undefined) return keys[name];
    if (keys[name] !== undefined) problem(name, `is written beside ${name}_file: keep one of the two`);
    try {
      return readFileSync(resolve(folder, path), "utf8");
    } catch (cause) {
      problem(`${name}_file`, `${resolve(folder, path)} cannot be read (${codeOf(cause)})`);
      return undefined;
    }
  };

  const before = found.length;
  const certificate = pem("cert");
  const privateKey = pem("key");
  const clientCa = pem("client_ca");
  for (const name of ["cert", "key"] as const)
    if (keys[name] === undefined && keys[`${name}_file`] === undefined)
      problem(`${name}_file`, `is missing: TLS needs one of ${name} and ${name}_file`);

  const clientCertificate = CLIENT_CERTIFICATE[client_auth_type ?? "NoClientCert"];
  if ((client_ca ?? client_ca_file) !== undefined && clientCertificate === "not_asked")
    problem(
      "client_auth_type",
      "client CAs are named, but no client is asked: write RequireAndVerifyClientCert, or leave the CAs out",
    );
  if (keys.client_allowed_sans !== undefined && !clientCertificate.startsWith("required"))
    problem(
      "client_allowed_sans",
      "needs client_auth_type to be RequireAndVerifyClientCert or RequireAnyClientCert: else a client need not show a certificate",
    );
  if (VERSION[keys.min_version] > VERSION[keys.max_version])
    problem("min_version", `${keys.min_version} is above max_version, ${keys.max_version}: no client could connect`);
  if (clientCa !== undefined && parsed(() => new X509Certificate(clientCa)) === undefined)
    problem(client_ca_file === undefined ? "client_ca" : "client_ca_file", "holds no certificate in PEM");
  if (certificate !== undefined && privateKey !== undefined) tryPair(certificate, privateKey, keys, problem);
  if (found.length > before) return undefined;

  const options: TlsOptions = {
    ...(certificate !== undefined && { cert: certificate }),
    ...(privateKey !== undefined && { key: privateKey }),
    // Without an own list, those who are asked are held against Node's. Those who are not asked need none in memory.
    ...(clientCa !== undefined ? { ca: clientCa } : clientCertificate === "not_asked" && { ca: [] }),
    minVersion: VERSION[keys.min_version],
    maxVersion: VERSION[keys.max_version],
    ciphers: ciphersOf(keys),
    ...(keys.curve_preferences.length > 0 && { ecdhCurve: curveList(keys.curve_preferences) }),
    honorCipherOrder: keys.prefer_server_cipher_suites,
  };
  const refusal = refusalOf(() => createSecureContext(options));
  if (refusal !== undefined) {
    found.push({ path: ["tls_server_config"], message: `OpenSSL refuses it: ${refusal}`, part: "key" });
    return undefined;
  }
  return { options, clientCertificate, allowedSans: keys.client_allowed_sans };
}

/** OpenSSL speaks TLS before 1.2 at its lowest level of security only. */
function ciphersOf({ cipher_suites, min_version }: TlsKeys): string {
  const list = cipher_suites.length > 0 ? cipherList(cipher_suites) : DEFAULT_CIPHERS;
  return min_version === "TLS10" || min_version === "TLS11" ? `${list}:@SECLEVEL=0` : list;
}

function tryPair(cert: string, key: string, keys: TlsKeys, problem: (name: string, message: string) => void): void {
  const certName = keys.cert_file === undefined ? "cert" : "cert_file";
  const keyName = keys.key_file === undefined ? "key" : "key_file";
  const certificate = parsed(() => new X509Certificate(cert));
  const privateKey = parsed(() => createPrivateKey(key));
  if (certificate === undefined) problem(certName, "holds no certificate in PEM");
  if (privateKey === undefined) problem(keyName, "holds no private key in PEM, or one behind a passphrase");
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey))
    problem(keyName, `is not the key of the certificate in ${certName}`);
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function refusalOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
