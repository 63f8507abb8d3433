// From figures to the rows of the table: what was measured, beside the peer, and the target.

export interface Row {
  what: string;
  pitcrew: string;
  peer: string;
  /** Measured, in the target's terms. */
  result: number;
  target: string;
  reached: boolean;
}

export interface Peer {
  name: string;
  value: number;
}

export function ratio(what: string, mine: number, peer: Peer, unit: string, limit: number): Row {
  const result = mine / peer.value;
  return {
    what,
    pitcrew: `${shown(mine)} ${unit}`,
    peer: `${peer.name} ${shown(peer.value)} ${unit}`,
    result,
    target: `≤ ${limit} ×`,
    reached: result <= limit,
  };
}

export function plain(what: string, mine: number, unit: string, peer: string, limit: number): Row {
  return {
    what,
    pitcrew: `${shown(mine)} ${unit}`,
    peer,
    result: mine,
    target: `≤ ${limit} ${unit}`,
    reached: mine <= limit,
  };
}

const BARE = "bare node:http";

/** @param memory MiB by name, the bare server among them */
export function memoryRows(memory: ReadonlyMap<string, number>): Row[] {
  const limits = { pitcrew: 1.4, "pitcrew remediator": 1.6, "pitcrew up": 1.8 };
  const bare = { name: BARE, value: of(memory, BARE) };
  return Object.entries(limits).map(([name, limit]) =>
    ratio(`resident memory, ${name}`, of(memory, name), bare, "MiB", limit),
  );
}

/** @param shares per cent of a core by name */
export function idleRows(shares: ReadonlyMap<string, number>): Row[] {
  return [...shares].map(([name, share]) => plain(`idle CPU, ${name}`, share, "% of a core", "", 0.05));
}

export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, pitcrew, peer, result, target, reached }) => [
    what,
    pitcrew,
    peer,
    target.includes("×") ? `${shown(result)} ×` : shown(result),
    `${target}${reached ? "" : " (missed)"}`,
  ]);
  return grid([["What", "pitcrew", "Peer", "Result", "Target"], ...cells]);
}

/** A Markdown table, its head first. */
export function grid([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

export function of<T>(figures: ReadonlyMap<string, T>, name: string): T {
  const found = figures.get(name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}

/** Three digits that matter. */
export function shown(value: number): string {
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return value.toPrecision(3).replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : zeros));
}
