// A worker's name ends up in file names, labels and unit names, so it is one strict alphabet everywhere.

/** `^[a-z0-9][a-z0-9_.-]{0,62}$`: safe as a file name, a label value and part of a unit name. */
export const WORKER_NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

export type WorkerName = string;

export function isWorkerName(text: string): boolean {
  return WORKER_NAME.test(text);
}
