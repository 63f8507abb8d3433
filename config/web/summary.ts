// What a web-config file means, for `pitcrew check`.
import type { loadWebConfig } from "./load.ts";

const CLIENTS = {
  not_asked: "no certificate is asked of clients",
  requested: "clients are asked for a certificate, which is not checked",
  required: "clients need a certificate, which is not checked",
  verified_if_given: "a client's certificate is checked if it shows one",
  required_and_verified: "clients need a certificate of the named CAs",
};

export function webLines({ tls, headers, users, rateLimit }: ReturnType<typeof loadWebConfig>): string[] {
  const encrypted =
    tls === undefined
      ? "no TLS"
      : `TLS ${tls.options.minVersion} to ${tls.options.maxVersion}; ${CLIENTS[tls.clientCertificate]}`;
  const passwords = users.size === 0 ? "no passwords" : `a password of ${[...users.keys()].join(" or ")}`;
  return [
    encrypted,
    `to read: ${passwords}; to change something: the webhook's token`,
    ...(headers.length === 0 ? [] : [`headers ${headers.map(([name]) => name).join(", ")}`]),
    ...(rateLimit === undefined ? [] : [`a request each ${rateLimit.intervalSeconds} s, ${rateLimit.burst} at once`]),
  ];
}
