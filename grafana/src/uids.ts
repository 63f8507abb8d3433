// Public: links of alerts begin with these.
export const UIDS = { workers: "pitcrew-workers", worker: "pitcrew-worker", remediation: "pitcrew-remediation" };
