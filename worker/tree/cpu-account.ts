// The CPU time of a tree whose members come and go: what it has used, it has used.

/**
 * A member that ended is no longer summed. If its parent waited for it, the kernel added its time to the parent's; if not, or not yet, or if
 * nobody of the tree is its parent any more, it is remembered here.
 */
export class CpuAccount {
  /** Ticks of ended members that no living one has inherited. */
  #lost = 0;
  /** By parent: of these, what it may still inherit, because it has yet to wait for the child. */
  readonly #owed = new Map<number, number>();
  #total = 0;

  /** @param parent a living member, undefined if its parent is none */
  ended(ticks: number, parent: number | undefined): void {
    this.#lost += ticks;
    if (parent !== undefined && ticks > 0) this.#owed.set(parent, (this.#owed.get(parent) ?? 0) + ticks);
  }

  get hasDebts(): boolean {
    return this.#owed.size > 0;
  }

  /** @param inheritedTicks how much a member's waited-for children have grown since the last sample; undefined if it is no member any more */
  settle(inheritedTicks: (parent: number) => number | undefined): void {
    for (const [parent, owed] of this.#owed) {
      const inherited = inheritedTicks(parent);
      const paid = Math.min(owed, inherited ?? 0);
      this.#lost -= paid;
      if (inherited === undefined || paid === owed) this.#owed.delete(parent);
      else this.#owed.set(parent, owed - paid);
    }
  }

  /** @param livingTicks of all members, their waited-for children included */
  total(livingTicks: number): number {
    this.#total = Math.max(this.#total, this.#lost + livingTicks);
    return this.#total;
  }
}
