// A problem as the checks find it, before it has a file and a position.
import type { Path } from "./source-document.ts";

export interface Found {
  path: Path;
  message: string;
  /** Where to point: at the key for what should not be there, at the value for what should be another. */
  part: "key" | "value";
  /** Something was not found: after a syntax error it may only have been misread. */
  absence?: boolean;
}

/** `workers[0].limits.memory` */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text === "" ? "(file)" : text;
}
