// `count` and `{index}`: one entry of `workers` becomes the names, and the texts, of its workers.

const PLACEHOLDER = "{index}";

export interface Instance {
  name: string;
  /** 1 … count */
  index: number;
}

/** Without `count` the entry is one worker of that very name. */
export function instancesOf(name: string, count: number | undefined): Instance[] {
  if (count === undefined) return [{ name, index: 1 }];
  return Array.from({ length: count }, (_, at) => ({ name: `${name}-${at + 1}`, index: at + 1 }));
}

export function hasIndex(text: string): boolean {
  return text.includes(PLACEHOLDER);
}

export function withIndex(text: string, index: number): string {
  return text.replaceAll(PLACEHOLDER, String(index));
}
