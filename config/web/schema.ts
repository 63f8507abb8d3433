// The keys of a web-config file: those of the exporter-toolkit (docs/web-configuration.md there), with the same defaults.
import * as z from "zod";
import * as field from "../schema/fields.ts";
import { CIPHER_SUITES, CURVES } from "./cipher-suites.ts";

const VERSIONS = ["TLS10", "TLS11", "TLS12", "TLS13"] as const;

const CLIENT_AUTH = [
  "NoClientCert",
  "RequestClientCert",
  // The older spelling of the next one.
  "RequireClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

/** `$2y$` and the others name the same algorithm; its cost is a power of two. */
const BCRYPT_HASH = /^\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/;
// What is written there may be the password itself: it is never shown.
const NO_HASH = `is no bcrypt hash: write the output of  htpasswd -nBC 10 "" | tr -d ':\\n'`;

const header = () => field.anyText("text").optional();
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => field.choice(values).optional();

export const WebConfigFile = field.section(
  {
    tls_server_config: field
      .section({
        cert: field.anyText("a certificate in PEM").optional(),
        key: field.anyText("a private key in PEM").optional(),
        client_ca: field.anyText("certificates in PEM").optional(),
        cert_file: field.path().optional(),
        key_file: field.path().optional(),
        client_ca_file: field.path().optional(),
        client_auth_type: oneOf(CLIENT_AUTH),
        client_allowed_sans: field.list(field.anyText("text"), "subject alternative names").optional(),
        cipher_suites: field.list(field.choice(CIPHER_SUITES), "cipher suites").prefault([]),
        curve_preferences: field.list(field.choice(CURVES), "curves").prefault([]),
        min_version: field.choice(VERSIONS).prefault("TLS12"),
        max_version: field.choice(VERSIONS).prefault("TLS13"),
        prefer_server_cipher_suites: field.flag().prefault(true),
      })
      .prefault({}),
    http_server_config: field
      .section({
        http2: field.flag().prefault(true),
        headers: field
          .section({
            "Content-Security-Policy": header(),
            "Strict-Transport-Security": header(),
            "X-Content-Type-Options": oneOf(["nosniff"]),
            "X-Frame-Options": oneOf(["deny", "sameorigin"]),
            "X-XSS-Protection": header(),
          })
          .prefault({}),
      })
      .prefault({}),
    rate_limit: field
      .section({ interval: field.duration().prefault("0"), burst: field.whole(0, 1_000_000).prefault(0) })
      .prefault({}),
    basic_auth_users: z
      .record(z.string(), z.string({ error: NO_HASH }).regex(BCRYPT_HASH, { error: NO_HASH }), {
        error: "expected a mapping of user names and bcrypt hashes",
      })
      .prefault({}),
  },
  "the keys tls_server_config, http_server_config, basic_auth_users and rate_limit",
);
export type WebConfigFile = z.output<typeof WebConfigFile>;
