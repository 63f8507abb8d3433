// The remediator's doors: the web server for Alertmanager and Prometheus, the Unix socket for the commands.

import { CONTENT_TYPES, renderExposition } from "../daemon/exposition.ts";
import { negotiateFormat } from "../daemon/negotiation.ts";
import { collectProcessMetrics } from "../daemon/process-metrics.ts";
import { tokenAuthorizer } from "../daemon/token.ts";
import { createWebApp, type WebAppOptions } from "../daemon/web-app.ts";
import type { WebConfig } from "../daemon/web-config/web-config.ts";
import { startWebServer } from "../daemon/web-server.ts";
import { controlSocketPath } from "../worker/files/run-directory.ts";
import { openControlSocket } from "./api/control-socket.ts";
import { addRoutes } from "./api/routes.ts";
import { remediatorFamilies } from "./metrics.ts";
import type { Remediator } from "./remediator.ts";

export interface Doors {
  url: string;
  close(): Promise<void>;
}

const WEBHOOK_PATH = "/api/v1/webhook";

/** @throws ListenError, ControlSocketError, and what is wrong with the web configuration */
export async function openDoors(
  remediator: Remediator,
  onReload: () => Promise<void>,
  readWebConfig?: () => WebConfig,
): Promise<Doors> {
  const { log } = remediator;
  const authorize = tokenAuthorizer(() => remediator.config.remediator.webhook.credentialsFile, log);
  const options: WebAppOptions = {
    name: "remediator",
    metrics: async (accept) => {
      const format = negotiateFormat(accept);
      const families = [...remediatorFamilies(remediator.metricFacts()), ...collectProcessMetrics()];
      return { contentType: CONTENT_TYPES[format], body: renderExposition(families, format) };
    },
    landing: () => landing(remediator),
    ready: () => !remediator.closing,
    onReload,
    log,
  };
  const control = await openControlSocket(
    controlSocketPath(remediator.config.runDirectory),
    createWebApp({
      ...options,
      authorizePost: () => true,
      routes: (app) => addRoutes(app, remediator, "the control socket"),
    }),
  );
  try {
    const server = await startWebServer({
      ...options,
      listen: remediator.config.remediator.listen,
      ...(readWebConfig === undefined ? {} : { readWebConfig }),
      onWebConfig: (isGood) => {
        remediator.isWebConfigGood = isGood;
      },
      authorizePost: authorize,
      routes: (app) => addRoutes(app, remediator, "the HTTP API"),
      onRefused: ({ path, status }) => {
        if (path !== WEBHOOK_PATH) return;
        if (status === 401 || status === 403) remediator.countNotification("unauthorized");
        else if (status === 413) remediator.countNotification("too_large");
        else if (status === 503) remediator.countNotification("unavailable");
        else remediator.countNotification("malformed");
      },
    });
    return {
      url: server.url,
      close: async () => {
        await Promise.all([server.close(), control.close()]);
      },
    };
  } catch (cause) {
    await control.close();
    throw cause;
  }
}

function landing(remediator: Remediator) {
  const { config } = remediator;
  const facts = remediator.statusFacts();
  return {
    title: "pitcrew remediator",
    description:
      "Receives alerts, checks them against its own readings, and renews workers: safely, once, on the record.",
    facts: {
      host: config.host,
      version: facts.loop?.version ?? "unknown",
      workers: String(config.workers.length),
      "open incidents": String(facts.ledger.openIncidents().length),
      guard: facts.loop?.guard ?? "off",
    },
    links: [
      { href: "metrics", text: "Metrics" },
      { href: "api/v1/status", text: "Status (JSON)" },
      { href: "api/v1/incidents", text: "Incidents (JSON)" },
      { href: "-/healthy", text: "Health" },
      { href: "-/ready", text: "Readiness" },
    ],
  };
}
