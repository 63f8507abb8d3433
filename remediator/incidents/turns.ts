// One turn at a time: orders that come during one are carried out by the next, however many they are.

export class Turns {
  readonly #turn: () => Promise<void>;
  #turning: Promise<void> | undefined;
  #isOrdered = false;
  #isStopped = false;

  /** @param turn never rejects */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  order(): void {
    if (this.#isStopped) return;
    this.#isOrdered = true;
    this.#turning ??= this.#run().finally(() => {
      this.#turning = undefined;
      if (this.#isOrdered) this.order();
    });
  }

  /** Resolves when the present turn is over; there is no other one. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turning;
  }

  async #run(): Promise<void> {
    while (this.#isOrdered && !this.#isStopped) {
      this.#isOrdered = false;
      await this.#turn();
    }
  }
}
