// The names of cipher suites and curves in a web-config file are Go's; OpenSSL, and with it Node, has its own.

/** Of TLS up to 1.2. Source: crypto/tls, CipherSuites(), of the Go versions that exporters are built with. */
const SUITES_UP_TO_TLS12: Readonly<Record<string, string>> = {
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
};

/** Go knows these names too, but takes no choice among them: TLS 1.3 offers all three, whatever the file lists. */
const SUITES_OF_TLS13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"] as const;

export const CIPHER_SUITES = [...SUITES_OF_TLS13, ...Object.keys(SUITES_UP_TO_TLS12)] as [string, ...string[]];

/** As Node's option `ciphers` has it. */
export function cipherList(suites: readonly string[]): string {
  return [...SUITES_OF_TLS13, ...suites.flatMap((name) => SUITES_UP_TO_TLS12[name] ?? [])].join(":");
}

const CURVES_BY_NAME = { CurveP256: "P-256", CurveP384: "P-384", CurveP521: "P-521", X25519: "X25519" } as const;
type CurveName = keyof typeof CURVES_BY_NAME;

export const CURVES = Object.keys(CURVES_BY_NAME) as [CurveName, ...CurveName[]];

/** As Node's option `ecdhCurve` has it. */
export function curveList(curves: readonly CurveName[]): string {
  return curves.map((name) => CURVES_BY_NAME[name]).join(":");
}
