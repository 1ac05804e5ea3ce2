/** A claimed job with its lane. */
interface Laned {
  isSlow: boolean;
}

/**
 * Slots of one process for a queue whose sources take turns: the ledger picks the job when a slot
 * is free. Jobs of the slow lane hold at most half of the slots, so that the others find one.
 */
export class FairWork<Held extends Laned> {
  readonly #slots = new Set<Promise<void>>();
  readonly #slowSlots: number;
  #slow = 0;
  /** Whether a job may have arrived since the last claim in vain. */
  #isNews = false;
  #isClosed = false;

  constructor(
    private readonly slots: number,
    /** Claims the next job, of the slow lane only if `maySlow`. Must not throw. */
    private readonly claim: (maySlow: boolean) => Promise<Held | null>,
    /** Must not throw. */
    private readonly run: (job: Held) => Promise<void>,
  ) {
    this.#slowSlots = Math.max(1, Math.floor(slots / 2));
  }

  /** Works until no job is due, unless all slots do so already. */
  async serve(): Promise<void> {
    this.#isNews = true;
    if (this.#isClosed || this.#slots.size >= this.slots) return;
    const slot = this.#work().finally(() => this.#slots.delete(slot));
    this.#slots.add(slot);
    await slot;
  }

  /** Claims nothing more and waits for running jobs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#slots);
  }

  async #work(): Promise<void> {
    while (!this.#isClosed) {
      this.#isNews = false;
      const isDone = !(await this.#workOnce());
      // Another slot that waits for the answer of the ledger must not miss what arrived meanwhile.
      if (isDone && !this.#isNews) return;
    }
  }

  /** Holds a slow slot during the claim, as several slots may claim at the same time. */
  async #workOnce(): Promise<boolean> {
    const maySlow = this.#slow < this.#slowSlots;
    if (maySlow) this.#slow += 1;
    const job = await this.claim(maySlow);
    if (maySlow && !job?.isSlow) this.#slow -= 1;
    if (!job) return false;
    await this.run(job);
    if (job.isSlow) this.#slow -= 1;
    return true;
  }
}
