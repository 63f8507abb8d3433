// From figures to the rows of the table: what was measured, beside the peer, and the target.
import type { Figures } from "./rounds.ts";

export interface Outcome {
  thousand?: Map<string, Figures>;
  strangers?: Map<string, Figures>;
  four?: Map<string, Figures>;
  real?: Map<string, Figures>;
  proportional?: Map<string, Figures>;
  memory?: Map<string, number>;
  start?: Map<string, number>;
  idle?: Map<string, number>;
}

export interface Row {
  what: string;
  pitcrew: string;
  peer: string;
  /** Measured, in the target's terms. */
  result: number;
  target: string;
  reached: boolean;
}

const PE = "process-exporter";

export function rowsOf({ thousand, strangers, four, real, proportional, memory, start, idle }: Outcome): Row[] {
  const rows: Row[] = [];
  const ratio = (what: string, mine: number, peer: number, unit: string, peerName: string, limit: number) =>
    rows.push({
      what,
      pitcrew: `${shown(mine)} ${unit}`,
      peer: `${peerName} ${shown(peer)} ${unit}`,
      result: mine / peer,
      target: `≤ ${limit} ×`,
      reached: mine / peer <= limit,
    });
  const plain = (what: string, mine: number, unit: string, peer: string, limit: number) =>
    rows.push({
      what,
      pitcrew: `${shown(mine)} ${unit}`,
      peer,
      result: mine,
      target: `≤ ${limit} ${unit}`,
      reached: mine <= limit,
    });

  if (thousand) {
    const [mine, peer] = [of(thousand, "pitcrew"), of(thousand, PE)];
    ratio("CPU per scrape, 1000 workers", mine.cpuMs, peer.cpuMs, "ms", PE, 0.12);
    ratio("latency p99, 1000 workers", mine.p99Ms, peer.p99Ms, "ms", PE, 0.1);
    ratio("latency p50, 1000 workers", mine.p50Ms, peer.p50Ms, "ms", PE, 0.1);
    const node = of(thousand, "node_exporter, processes");
    ratio("CPU per scrape, 1000 workers", mine.cpuMs, node.cpuMs, "ms", "node_exporter --collector.processes", 1);
  }
  if (thousand && four) {
    const [mine, peer] = [of(four, "pitcrew").cpuMs, of(four, PE).cpuMs];
    const [mineBefore, peerBefore] = [of(thousand, "pitcrew").cpuMs, of(thousand, PE).cpuMs];
    ratio("CPU per scrape, 4000 workers", mine, peer, "ms", PE, 0.12);
    plain("growth of CPU, 1000 → 4000 workers", mine / mineBefore, "×", `${PE} ${shown(peer / peerBefore)} ×`, 4.2);
  }
  if (thousand && strangers) {
    const each = (name: string) => ((of(strangers, name).cpuMs - of(thousand, name).cpuMs) / 4000) * 1000;
    plain("each of 4000 unrelated processes", each("pitcrew"), "µs", `${PE} ${shown(each(PE))} µs`, 5);
  }
  if (real) ratio("CPU per scrape, 50 Node workers", of(real, "pitcrew").cpuMs, of(real, PE).cpuMs, "ms", PE, 0.15);
  if (proportional) {
    const name = `${PE}, smaps`;
    const [mine, peer] = [of(proportional, "pitcrew").cpuMs, of(proportional, name).cpuMs];
    ratio("the same with proportional memory", mine, peer, "ms", name, 0.5);
  }
  const bare = "bare node:http";
  if (memory) {
    const limits = { pitcrew: 1.4, "pitcrew remediator": 1.6, "pitcrew up": 1.8 };
    for (const [name, limit] of Object.entries(limits))
      ratio(`resident memory, ${name}`, of(memory, name), of(memory, bare), "MiB", bare, limit);
  }
  if (start) ratio("start to first good /metrics", of(start, "pitcrew"), of(start, bare), "ms", bare, 2.2);
  if (idle) for (const [name, share] of idle) plain(`idle CPU, ${name}`, share, "% of a core", "", 0.05);
  return rows;
}

export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, pitcrew, peer, result, target, reached }) => [
    what,
    pitcrew,
    peer,
    target.includes("×") ? `${shown(result)} ×` : shown(result),
    `${target}${reached ? "" : " (missed)"}`,
  ]);
  const all = [["What", "pitcrew", "Peer", "Result", "Target"], ["---", "---", "---", "---", "---"], ...cells];
  return all.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function of<T>(figures: ReadonlyMap<string, T>, name: string): T {
  const found = figures.get(name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}

function shown(value: number): string {
  return value.toPrecision(3).replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : zeros));
}
