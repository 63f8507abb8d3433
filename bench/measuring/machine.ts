// Where a benchmark ran: figures without it cannot be compared.
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  node: string;
  commit: string;
  date: string;
  versions: Readonly<Record<string, string>>;
}

/** @param programs name → path; each is asked for its version */
export function machine(programs: Readonly<Record<string, string>>): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.versions.node,
    commit: output("git", ["describe", "--always", "--dirty", "--abbrev=12"]),
    date: new Date().toISOString().slice(0, 10),
    versions: Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, versionOf(path)])),
  };
}

function versionOf(path: string): string {
  return /(\d+\.\d+\.\d+[^\s)]*)/.exec(output(path, ["--version"]))?.[1] ?? "unknown";
}

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  } catch {
    // Not a repository, or a program that does not tell: the figures count all the same.
    return "unknown";
  }
}

/** For people: what the figures of a table hold for. */
export function sentenceOn({ cpu, cores, node, commit, date, versions }: Machine): string {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured at ${commit} on ${date}: ${cpu}, ${cores} cores, Node ${node}; ${peers.join(", ")}.`;
}
