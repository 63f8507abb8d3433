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
const ADDRESS = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const EXAMPLE = '[{"targets": ["box-1.example.org:10102"], "labels": {"host": "box-1"}}]';
/** The pattern of `host` in pitcrew.yml, loosely: it becomes part of a receiver's name. */
const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const Entry = z.object(
  {
    targets: z
      .array(
        z
          .string('write the remediator\'s address in quotes, as "box-1.example.org:10102"')
          .refine((text) => !text.includes("://"), {
            error: 'write the address without a scheme; TLS is the label "__scheme__": "https"',
            abort: true,
          })
          .refine(isAddress, "write the remediator's address as host:port, with a port from 1 to 65535"),
        'write "targets" as a list of one address',
      )
      .length(1, "a host has one remediator: write one target for each `host`"),
    labels: z.object(
      {
        host: z
          .string('write the label "host", as in the pitcrew.yml of that machine: alerts carry it')
          .regex(HOST, "letters, digits, dots, dashes and underscores only"),
        __scheme__: z.enum(["http", "https"], 'the scheme is "http" or "https"').optional(),
      },
      'write "labels" with "host", as in the pitcrew.yml of that machine: alerts carry it',
    ),
  },
  `write each host as in ${EXAMPLE}`,
);
const List = z.array(Entry, `write a list of hosts, such as ${EXAMPLE}`).min(1, `no host is listed: write ${EXAMPLE}`);

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}

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
  const twice = [
    ...repeated(
      read.data.map(({ labels }) => labels.host),
      (index, host, before) =>
        at([index, "labels", "host"], `${host} is taken by [${before}]: a host has one remediator`),
    ),
    ...repeated(
      read.data.map(({ targets: [address = ""] }) => address),
      (index, address, before) =>
        at([index, "targets", 0], `${address} is the remediator of [${before}]: each host has its own`),
    ),
  ];
  if (twice.length > 0) throw new ConfigError("invalid", twice);
  return read.data.map(({ targets: [address = ""], labels: { host, __scheme__: scheme = "http" } }) => ({
    host,
    url: `${scheme}://${address}${WEBHOOK}`,
  }));
}

function repeated<T>(values: readonly string[], say: (index: number, value: string, before: number) => T): T[] {
  const first = new Map<string, number>();
  return values.flatMap((value, index) => {
    const before = first.get(value);
    if (before === undefined) first.set(value, index);
    return before === undefined ? [] : [say(index, value, before)];
  });
}
