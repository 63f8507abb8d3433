// What is wrong with a configuration, and where: every command prints it in this one form.

export interface ConfigProblem {
  file: string;
  line: number;
  column: number;
  /** `workers[0].limits.memory`; `(file)` for what concerns the file as a whole. */
  path: string;
  /** What is wrong, and what to write instead. */
  message: string;
}

export type ConfigErrorCode = "not_found" | "unreadable" | "invalid";

export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigErrorCode, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join("\n"), options);
    this.name = "ConfigError";
    this.code = code;
    this.problems = problems;
  }
}

/** `file:line:column: path: message`, on one line whatever the file holds. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, path, message } = problem;
  return printable(`${file}:${line}:${column}: ${path}: ${message}`);
}

export function fileProblem(file: string, message: string): ConfigProblem {
  return { file, line: 1, column: 1, path: "(file)", message };
}

/** Control characters would let a file, or a process' name, rewrite the reader's terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}|[\u2028\u2029]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
