// Prometheus' file_sd list of remediators: which host is reached where.
import { LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { ConfigError, type ConfigProblem } from "../../config/problem.ts";

export interface RemediatorTarget {
  host: string;
  /** Of the webhook. */
  url: string;
}

const WEBHOOK = "/api/v1/webhook";
/** `box-1.example.org:10102`, `10.0.0.7:10102`, `[::1]:10102` */
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;
/** The pattern of `host` in pitcrew.yml, loosely: it becomes part of a receiver's name. */
const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const Entry = z.object({
  targets: z
    .array(z.string().regex(ADDRESS, "write the remediator's address as host:port"))
    .length(1, "a host has one remediator: write one target for each `host`"),
  labels: z.object(
    {
      host: z
        .string('write the label "host", as in the pitcrew.yml of that machine: alerts carry it')
        .regex(HOST, "letters, digits, dots, dashes and underscores only"),
      __scheme__: z.enum(["http", "https"]).optional(),
    },
    'write "labels" with "host", as in the pitcrew.yml of that machine: alerts carry it',
  ),
});
const List = z.array(Entry).min(1, "no host is listed");

/** JSON or YAML, as Prometheus takes both. @throws ConfigError with every problem and its place */
export function readTargets(file: string, text: string): RemediatorTarget[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = (offset: number, path: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), path, message };
  };
  const at = (path: readonly (string | number)[], message: string): ConfigProblem => {
    let offset = 0;
    for (let length = path.length; length > 0 && offset === 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
      offset = node?.range?.[0] ?? 0;
    }
    const name = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    return problem(offset, name === "" ? "(file)" : name, message);
  };
  const broken = document.errors.map((error) => problem(error.pos[0], "(file)", `not JSON: ${error.message}`));
  if (broken.length > 0) throw new ConfigError("invalid", broken);

  const read = List.safeParse(document.toJS());
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) =>
      at(
        path.filter((step) => typeof step !== "symbol"),
        message,
      ),
    );
    throw new ConfigError("invalid", problems);
  }
  const first = new Map<string, number>();
  const twice = read.data.flatMap(({ labels: { host } }, index) => {
    const before = first.get(host);
    if (before === undefined) first.set(host, index);
    return before === undefined
      ? []
      : [at([index, "labels", "host"], `${host} is taken by [${before}]: a host has one remediator`)];
  });
  if (twice.length > 0) throw new ConfigError("invalid", twice);
  return read.data.map(({ targets: [address = ""], labels: { host, __scheme__: scheme = "http" } }) => ({
    host,
    url: `${scheme}://${address}${WEBHOOK}`,
  }));
}
