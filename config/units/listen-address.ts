// Listen addresses in the ecosystem's style: `127.0.0.1:10101`, `[::1]:0`, `localhost:9100`, `:10101` (every interface).
import { isIP, isIPv6 } from "node:net";
import type { ListenAddress } from "../config.ts";
import { type Parsed, parsed, refused } from "./parsed.ts";

export const LISTEN_PATTERN = "^(\\[[0-9A-Fa-f:.%a-z]+\\]|[A-Za-z0-9.-]*):[0-9]{1,5}$";
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text) ?? [];
  if (portText === undefined) {
    return refused(`${JSON.stringify(text)} is not a listen address: write host:port, such as ${remedy(text)}`);
  }
  const port = Number(portText);
  if (port > 65_535) return refused(`port ${portText} does not exist: write a port from 0 (any free one) to 65535`);
  if (bracketed !== undefined) {
    if (isIPv6(bracketed)) return parsed({ host: bracketed, port });
    return refused(`[${bracketed}] is not an IPv6 address: write, for example, [::1]:${portText}`);
  }
  const host = plain ?? "";
  if (host === "" || isIP(host) !== 0) return parsed({ host, port });
  // Digits and dots alone are a mistyped IPv4 address, never the name of a host.
  if (!HOST_NAME.test(host) || /^[0-9.]+$/.test(host)) {
    return refused(
      `${JSON.stringify(host)} is neither an address nor a host name: write, for example, 127.0.0.1:${port}`,
    );
  }
  return parsed({ host, port });
}

function remedy(text: string): string {
  if (isIPv6(text)) return `[${text}]:10101`;
  if (/^[0-9]{1,5}$/.test(text)) return `127.0.0.1:${text}`;
  return "127.0.0.1:10101, [::1]:0 or :10101";
}
