// What is chosen at the top of each dashboard. The names are public: links in alerts set `host` and `worker`.
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DATASOURCE } from "./panels/panel.ts";

/** `many`: several at once, at first all. `one`: the dashboard is about a single host and worker. */
export type Choice = "many" | "one";

/** In the order in which they stand; each asks only for what the ones before it leave. */
export function variables(choice: Choice): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  return [
    new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"),
    labelValues("host", "Host", "", choice),
    // On Worker it only shortens the list of workers.
    labelValues("group", "Group", 'host=~"$host"', "many"),
    labelValues("worker", "Worker", 'host=~"$host", group=~"$group"', choice),
  ];
}

function labelValues(label: string, name: string, matchers: string, choice: Choice): QueryVariableBuilder {
  const query = `label_values(pitcrew_worker_info{${matchers}}, ${label})`;
  const variable = new QueryVariableBuilder(label)
    .label(name)
    .datasource(DATASOURCE)
    .query({ query, refId: label })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .allowCustomValue(true);
  if (choice === "one") return variable;
  // `.+` instead of a list of all values, which would be long for many hosts.
  return variable.multi(true).includeAll(true).allValue(".+").current({ text: "All", value: "$__all", selected: true });
}
