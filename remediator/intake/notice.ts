// One alert as every source hands it in: the webhook (Alertmanager's v4 payload) and the guard.

export type NoticeSource = "webhook" | "guard";

export interface Notice {
  source: NoticeSource;
  status: "firing" | "resolved";
  /** The alert's own labels, never the group's. Untrusted text: they select, they never become part of a command or path. */
  labels: Readonly<Record<string, string>>;
  /** RFC 3339, as sent. Informative only: Alertmanager changes it when it restarts. */
  startsAt: string | undefined;
  /** Of a heartbeat: when its rule was evaluated, in the words of the Prometheus that did; absent where the rule does not say. */
  evaluated?: string;
}
