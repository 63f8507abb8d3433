// Alertmanager's silences as data: from the JSON of GET /api/v2/silences to matchers, and whether they cover an alert.
// Source: Alertmanager's api/v2/openapi.yaml (gettableSilence) and pkg/labels/matcher.go.
import { readPattern } from "../guard/pattern.ts";

export type SilenceMatcher = (labels: Readonly<Record<string, string>>) => boolean;

export interface Silence {
  id: string;
  createdBy: string;
  comment: string;
  /** All must hold. Never empty: Alertmanager refuses such a silence. */
  matchers: readonly SilenceMatcher[];
}

export interface ParsedSilences {
  active: readonly Silence[];
  /** `id: why`, for silences that are passed over: what we do not understand must not hold protection back. */
  problems: readonly string[];
}

/**
 * A scrape adds them and the guard's readings have none: a silence that was made from an alert names them too. What they say is taken as met.
 */
const SCRAPE_LABELS: ReadonlySet<string> = new Set(["job", "instance"]);

/** @throws TypeError when the answer is not a list */
export function parseSilences(answer: unknown): ParsedSilences {
  if (!Array.isArray(answer)) throw new TypeError("the answer is not a list of silences");
  const active: Silence[] = [];
  const problems: string[] = [];
  for (const given of answer.filter(isObject)) {
    // Pending ones are for later; expired ones are kept for days.
    if (!isObject(given.status) || given.status.state !== "active") continue;
    const id = textOf(given.id);
    const matchers = Array.isArray(given.matchers) ? given.matchers.map(matcherOf) : [];
    const problem = matchers.find((matcher) => typeof matcher === "string");
    if (typeof problem === "string") problems.push(`${id}: ${problem}`);
    else if (matchers.length === 0) problems.push(`${id}: it has no matchers`);
    else
      active.push({
        id,
        createdBy: textOf(given.createdBy),
        comment: textOf(given.comment),
        matchers: matchers.filter((matcher) => typeof matcher === "function"),
      });
  }
  return { active, problems };
}

/** The first silence that covers an alert with these labels. A label that is absent is an empty one. */
export function silenceOf(silences: readonly Silence[], labels: Readonly<Record<string, string>>): Silence | undefined {
  return silences.find(({ matchers }) => matchers.every((matches) => matches(labels)));
}

/** @returns a sentence if it is not understood */
function matcherOf(given: unknown): SilenceMatcher | string {
  if (!isObject(given) || typeof given.name !== "string" || typeof given.value !== "string")
    return "a matcher has no name or no value";
  const { name, value } = given;
  // Before Alertmanager 0.22 there was no negation.
  const isEqual = given.isEqual !== false;
  if (SCRAPE_LABELS.has(name)) return () => true;
  if (given.isRegex !== true) return (labels) => (labelOf(labels, name) === value) === isEqual;
  const pattern = readPattern(value);
  if ("problem" in pattern) return pattern.problem;
  return (labels) => pattern.ok.test(labelOf(labels, name)) === isEqual;
}

function labelOf(labels: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 200) : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
