// What is the same on all dashboards: variables, annotations, links between them, the grid.
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { annotations } from "./annotations.ts";
import { placed, type Section } from "./grid.ts";
import { CHOSEN_HOSTS, CHOSEN_WORKERS, THIS_HOST, THIS_WORKER } from "./promql.ts";
import { UIDS } from "./uids.ts";
import { type Choice, variables } from "./variables.ts";

const TITLES: Record<keyof typeof UIDS, string> = {
  workers: "pitcrew / Workers",
  worker: "pitcrew / Worker",
  remediation: "pitcrew / Remediation",
};

export interface Contents {
  kind: keyof typeof UIDS;
  description: string;
  choice: Choice;
  /** Whether every action of the hosts is marked at first. */
  actions: boolean;
  sections: readonly Section[];
}

export function dashboard({ kind, description, choice, actions, sections }: Contents): Dashboard {
  const one = choice === "one";
  const frame = new DashboardBuilder(TITLES[kind])
    .uid(UIDS[kind])
    .description(description)
    .tags(["pitcrew"])
    .readonly()
    .time({ from: "now-6h", to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables(choice))
    .build();
  return {
    ...frame,
    annotations: {
      list: annotations({
        workers: one ? THIS_WORKER : CHOSEN_WORKERS,
        hosts: one ? THIS_HOST : CHOSEN_HOSTS,
        worker: "$worker",
        actions,
      }),
    },
    links: (Object.keys(UIDS) as (keyof typeof UIDS)[]).filter((other) => other !== kind).map(linkTo),
    panels: placed(sections),
  };
}

function linkTo(kind: keyof typeof UIDS): DashboardLink {
  const built = new DashboardLinkBuilder(TITLES[kind].replace("pitcrew / ", ""))
    .type(DashboardLinkType.Link)
    .url(`/d/${UIDS[kind]}`)
    .icon("dashboard")
    .includeVars(true)
    .keepTime(true)
    .build();
  // The SDK would move it into a menu.
  const { placement: _, ...rest } = built;
  return rest;
}
