// The tables of README.md are what the benchmarks have put there.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./programs.ts";

const FILE = join(PROJECT, "README.md");

/** @throws where README.md has no place for this benchmark */
export function writeToReadme(name: string, text: string): void {
  writeFileSync(FILE, withTable(readFileSync(FILE, "utf8"), name, text));
  console.log(`written to ${FILE}`);
}

/** Between `<!-- bench NAME -->` and `<!-- end of bench NAME -->`. */
export function withTable(readme: string, name: string, text: string): string {
  const [begin, end] = [`<!-- bench ${name} -->\n`, `<!-- end of bench ${name} -->\n`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`README.md has no place for this table: ${begin}${end}`);
  return `${readme.slice(0, from)}${begin}\n${text}\n\n${readme.slice(to)}`;
}
