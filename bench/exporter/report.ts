// From figures to the rows of the table: what was measured, beside the peer, and the target.
import { idleRows, memoryRows, of, plain, type Row, ratio, shown } from "../measuring/table.ts";
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

const PE = "process-exporter";

export function rowsOf({ thousand, strangers, four, real, proportional, memory, start, idle }: Outcome): Row[] {
  const rows: Row[] = [];
  const against = (what: string, mine: number, value: number, unit: string, name: string, limit: number) =>
    rows.push(ratio(what, mine, { name, value }, unit, limit));

  if (thousand) {
    const [mine, peer] = [of(thousand, "pitcrew"), of(thousand, PE)];
    against("CPU per scrape, 1000 workers", mine.cpuMs, peer.cpuMs, "ms", PE, 0.12);
    against("latency p99, 1000 workers", mine.p99Ms, peer.p99Ms, "ms", PE, 0.1);
    against("latency p50, 1000 workers", mine.p50Ms, peer.p50Ms, "ms", PE, 0.1);
    const node = of(thousand, "node_exporter, processes");
    against("CPU per scrape, 1000 workers", mine.cpuMs, node.cpuMs, "ms", "node_exporter --collector.processes", 1);
  }
  if (thousand && four) {
    const [mine, peer] = [of(four, "pitcrew").cpuMs, of(four, PE).cpuMs];
    const [mineBefore, peerBefore] = [of(thousand, "pitcrew").cpuMs, of(thousand, PE).cpuMs];
    against("CPU per scrape, 4000 workers", mine, peer, "ms", PE, 0.12);
    const growth = `${PE} ${shown(peer / peerBefore)} ×`;
    rows.push(plain("growth of CPU, 1000 → 4000 workers", mine / mineBefore, "×", growth, 4.2));
  }
  if (thousand && strangers) {
    const each = (name: string) => ((of(strangers, name).cpuMs - of(thousand, name).cpuMs) / 4000) * 1000;
    rows.push(plain("each of 4000 unrelated processes", each("pitcrew"), "µs", `${PE} ${shown(each(PE))} µs`, 5));
  }
  if (real) against("CPU per scrape, 50 Node workers", of(real, "pitcrew").cpuMs, of(real, PE).cpuMs, "ms", PE, 0.15);
  if (proportional) {
    const name = `${PE}, smaps`;
    const [mine, peer] = [of(proportional, "pitcrew").cpuMs, of(proportional, name).cpuMs];
    against("the same with proportional memory", mine, peer, "ms", name, 0.5);
  }
  if (memory) rows.push(...memoryRows(memory));
  const bare = "bare node:http";
  if (start) against("start to first good /metrics", of(start, "pitcrew"), of(start, bare), "ms", bare, 2.2);
  if (idle) rows.push(...idleRows(idle));
  return rows;
}
