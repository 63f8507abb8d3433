// What a request may ask for in its query and its body: strict, so that a typing error is told and not read as "everything".
import { parseDuration } from "../../config/units/duration.ts";
import { HttpError } from "../../daemon/http-error.ts";
import { END_STATES, OPEN_STATES } from "../incidents/incident.ts";
import type { IncidentQuery } from "./views.ts";

/** Longer than any worker's name may be. */
const MAX_NAME_LENGTH = 200;
const MAX_TEXT_LENGTH = 500;
const MAX_INCIDENTS = 10_000;

const STATES: readonly string[] = [...OPEN_STATES, ...END_STATES];

/** `worker`, `state`, `since`, `limit`. @throws HttpError 400 naming the parameter */
export function incidentQuery(query: Readonly<Record<string, unknown>>, nowWall: number): IncidentQuery {
  const { worker, state, since, limit } = parametersOf(query, ["worker", "state", "since", "limit"]);
  if (state !== undefined && !STATES.includes(state)) throw malformed("state", `one of ${STATES.join(", ")}`);
  return {
    ...(worker === undefined ? {} : { worker }),
    ...(state === undefined ? {} : { state }),
    ...(since === undefined ? {} : { sinceWall: nowWall - durationOf(since, "since") }),
    ...(limit === undefined ? {} : { limit: countOf(limit) }),
  };
}

/** The parameters of these names, each given once. @throws HttpError 400 */
export function parametersOf<Name extends string>(
  query: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const [given, value] of Object.entries(query)) {
    const name = names.find((one) => one === given);
    if (name === undefined)
      throw new HttpError(400, "malformed", `there is no parameter of this name here: ${names.join(", ") || "none"}`);
    if (typeof value !== "string") throw malformed(name, "give it once");
    if (value.length > MAX_NAME_LENGTH) throw malformed(name, `at most ${MAX_NAME_LENGTH} characters`);
    found[name] = value;
  }
  return found;
}

/** The JSON object of a body; an empty one without a body. @throws HttpError 400 */
export function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (body === undefined) return {};
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new HttpError(400, "malformed", "the body is a JSON object");
}

/** @throws HttpError 400 if it is there and no text */
export function textOf(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw malformed(name, "a text");
  if (value.length > MAX_TEXT_LENGTH) throw malformed(name, `at most ${MAX_TEXT_LENGTH} characters`);
  return value;
}

/** @throws HttpError 400 if it is there and neither true nor false */
export function flagOf(body: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = body[name];
  if (value !== undefined && typeof value !== "boolean") throw malformed(name, "true or false");
  return value === true;
}

/** @returns seconds. @throws HttpError 400 */
export function durationOf(text: string, name: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw malformed(name, parsed.problem);
  return parsed.value;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_INCIDENTS)
    throw malformed("limit", `a whole number from 1 to ${MAX_INCIDENTS}`);
  return count;
}

function malformed(name: string, expected: string): HttpError {
  return new HttpError(400, "malformed", `${name}: ${expected}`);
}
