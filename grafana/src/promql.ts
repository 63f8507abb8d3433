// The pieces of PromQL that several panels share.

/** Matchers of series per worker, where several hosts, groups and workers may be chosen. */
export const CHOSEN_WORKERS = 'host=~"$host", group=~"$group", worker=~"$worker"';
/** Matchers of series per host, where several may be chosen. */
export const CHOSEN_HOSTS = 'host=~"$host"';
/** Matchers of the one worker of the dashboard Worker. */
export const THIS_WORKER = 'host="$host", worker="$worker"';
export const THIS_HOST = 'host="$host"';

/**
 * Alerts of pitcrew for these workers, for their hosts, and for nobody in particular (Alertmanager's). Without the heartbeat, which
 * always fires.
 */
export function pitcrewAlerts(matchers: string): string {
  return `ALERTS{alertname=~"Pitcrew.+", alertname!="PitcrewHeartbeat", host=~"|$host", worker=~"|$worker", ${matchers}}`;
}

/** Labels that the rows of a table meet by; it drops the name, and `job` and `instance`, which differ between the daemons. */
export function perWorker(expr: string): string {
  return `max by (host, worker, group) (${expr})`;
}

/** The numbers that `STATES` in states.ts gives words to. */
export function workerState(matchers: string): string {
  const of = (metric: string) => perWorker(`${metric}{${matchers}}`);
  return [
    `4 * (${of("pitcrew_worker_quarantined")} == 1)`,
    `3 * (${of("pitcrew_worker_paused")} == 1)`,
    `2 * (${of("pitcrew_worker_desired_up")} == 1 and ${of("pitcrew_worker_up")} == 0)`,
    `5 * (${of("pitcrew_worker_info")} unless ${of("pitcrew_worker_up")})`,
    of("pitcrew_worker_up"),
  ].join("\n  or ");
}

/**
 * Of many series the few that were highest, or lowest, within the time that the dashboard shows: the same ones at every moment of it,
 * and never more than a legend holds.
 */
export function extreme(which: "highest" | "lowest", count: number, selector: string): string {
  return `${selector}\n  and ${ranked(which, count, selector)}`;
}

/** The ranking alone, for `and on (…)`. */
export function ranked(which: "highest" | "lowest", count: number, selector: string): string {
  const [choose, over] = which === "highest" ? ["topk", "max_over_time"] : ["bottomk", "min_over_time"];
  return `${choose}(${count}, ${over}(${selector}[$__range] @ end()))`;
}

/** Tells the parts of a union apart in a legend. */
export function marked(expr: string, label: string, value: string): string {
  return `label_replace(${expr}, "${label}", "${value}", "", "")`;
}
