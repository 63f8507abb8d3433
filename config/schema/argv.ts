// Commands are lists of arguments, never shell lines: nothing in this program splits or expands text.
import * as z from "zod";
import { anyText } from "./fields.ts";
import { shown, wrongType } from "./wrong-type.ts";

const SHELL_SYNTAX = /[|&;<>$`*?~]/;

export function argv(example: string) {
  return z
    .array(anyText("an argument"), {
      error: (issue) => {
        if (typeof issue.input !== "string") return wrongType(`a list of arguments, such as ${example}`)(issue);
        return `expected a list of arguments, got the shell line ${shown(issue.input)}: write ${asList(issue.input)}`;
      },
    })
    .min(1, { error: `is empty: write a list of arguments, such as ${example}` });
}

/** The line as the list that its author most likely means. */
export function asList(line: string): string {
  if (SHELL_SYNTAX.test(line)) return `[sh, -c, ${JSON.stringify(line)}]`;
  const words = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return `[${words.map(asItem).join(", ")}]`;
}

/** Quoted where YAML would read something else than text. */
function asItem(word: string): string {
  const bare = word.replace(/^(["'])(.*)\1$/s, "$2");
  const plain = /^[A-Za-z_./-][A-Za-z0-9_./=+@-]*$/.test(bare) && !/^(-|true|false|null|~|\.inf|\.nan)$/i.test(bare);
  return plain ? bare : JSON.stringify(bare);
}
