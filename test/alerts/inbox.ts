// The packaged alertmanager.yml on a quicker clock, and what its receivers were sent: a real HTTP server stands where people and the
// remediator would be.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { parse, stringify } from "yaml";
import type { PostedAlert } from "../support/alertmanager.ts";
import { allAlerts, textOf } from "./rule-set.ts";

export interface Delivery {
  receiver: string;
  status: "firing" | "resolved";
  alerts: { status: string; labels: Record<string, string> }[];
}

export interface Inbox {
  url: string;
  /** In the order of their arrival. */
  of(receiver: "remediator" | "pager" | "humans"): Delivery[];
}

export async function openInbox(): Promise<Inbox> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      deliveries.push(JSON.parse(body) as Delivery);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    of: (receiver) => deliveries.filter((delivery) => delivery.receiver === receiver),
  };
}

interface Route {
  group_wait?: string;
  group_interval?: string;
  routes?: Route[];
}

/** People are told after one second and again after two, where the file says 30 s and 5 min; nothing else of the routing differs. */
export function quickConfiguration(urls: Readonly<Record<"remediator" | "pager" | "humans", string>>): string {
  const file = parse(textOf("alertmanager.yml")) as { route: Route; receivers: { name: string }[] };
  const receivers = file.receivers.map(({ name }) => {
    const url = Object.entries(urls).find(([receiver]) => receiver === name)?.[1];
    return url === undefined ? { name } : { name, webhook_configs: [{ url, send_resolved: true }] };
  });
  return stringify({ ...file, route: { ...file.route, group_wait: "1s", group_interval: "2s" }, receivers });
}

/** As Prometheus would send it: the rule's labels and those of its series. */
export function alertOf(alertname: string, series: Readonly<Record<string, string>>): PostedAlert {
  const rule = allAlerts().find(({ alert }) => alert === alertname);
  if (rule === undefined) throw new RangeError(`no alert ${alertname}`);
  return { labels: { alertname, ...rule.labels, ...series } };
}

export function resolved(alert: PostedAlert): PostedAlert {
  return { ...alert, endsAt: new Date(Date.now() - 1).toISOString() };
}
