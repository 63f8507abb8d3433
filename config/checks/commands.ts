// A command begins with its program.
import { type Check, entries } from "./check-context.ts";

export const checkCommands: Check = function* (draft) {
  for (const { entry, path } of entries(draft)) {
    for (const key of ["command", "start", "stop_command"] as const) {
      if (entry[key]?.[0]?.trim() !== "") continue;
      yield { path: [...path, key, 0], message: "is empty: begin with the program to run", part: "value" };
    }
  }
};
