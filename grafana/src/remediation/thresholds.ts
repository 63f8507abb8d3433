// Limits that no metric tells; the rules and the documentation name the same numbers.

/** PitcrewHeartbeatStale in alerts/pipeline.rules.yml. */
export const HEARTBEAT_STALE_SECONDS = 240;
/** More urgent renewals of a host within ten minutes are a storm. */
export const STORM_RESTARTS = 10;
/** `scrape_timeout` in alerts/prometheus.yml. */
export const SCRAPE_TIMEOUT_SECONDS = 4;
