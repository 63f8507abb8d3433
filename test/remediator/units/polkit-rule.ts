// A rule of polkit, asked as polkitd asks it.
import { runInNewContext } from "node:vm";

interface Asked {
  id: string;
  unit: string | undefined;
  verb: string | undefined;
  user: string;
}

/** Runs the rule as polkitd does. */
export function ruleOf(text: string): (asked: Asked) => string {
  type Rule = (
    action: { id: string; lookup(key: "unit" | "verb"): string | undefined },
    subject: { user: string },
  ) => string;
  const rules: Rule[] = [];
  const polkit = { addRule: (rule: Rule) => rules.push(rule), Result: { YES: "yes", NOT_HANDLED: "not handled" } };
  runInNewContext(text, { polkit });
  return ({ id, user, ...details }) =>
    rules.map((rule) => rule({ id, lookup: (key) => details[key] }, { user })).join();
}
