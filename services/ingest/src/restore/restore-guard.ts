import { Injectable } from '@nestjs/common';
import { Every, failpoint, Logger } from '@tidewaiter/runtime';
import {
  type DatabaseBeat,
  DatabaseLife,
  type DatabaseState,
  type RestoreReport,
  type Transaction,
} from '@tidewaiter/store';

import { BeatCopies } from './beat-copies.js';
import { LostEvents } from './lost-events.js';

const beatEveryMs = 2_000;

/**
 * Recognizes a PostgreSQL that was restored from an older copy: its heartbeat is behind a copy of
 * the heartbeat, or it lacks events that NATS has. What happened since is put back from NATS.
 */
@Injectable()
export class RestoreGuard {
  readonly #compared = Promise.withResolvers<void>();
  /** Whether the last heartbeat was committed and copied. */
  #isBeating = false;
  /** Start of the server at the last heartbeat. */
  #serverStartedAt: number | undefined;
  #epoch: number | undefined;
  /** A restore that was recognized and is not recovered from yet. */
  #recognized: { isOtherDatabase: boolean } | null = null;
  #lastRestore: RestoreReport | null = null;

  constructor(
    private readonly copies: BeatCopies,
    private readonly life: DatabaseLife,
    private readonly lost: LostEvents,
    private readonly log: Logger,
  ) {}

  /** Resolves after the first heartbeat, which recognizes a restore before the start. */
  get compared(): Promise<void> {
    return this.#compared.promise;
  }

  /** Last restore that was recognized, by whichever process. */
  get lastRestore(): RestoreReport | null {
    return this.#lastRestore;
  }

  @Every(beatEveryMs)
  async beat(): Promise<void> {
    // Without NATS there is no beat: a copy that is restored meanwhile must stay behind.
    const hasBeaten = this.#isBeating;
    this.#isBeating = false;
    const copies = await this.copies.read();
    const { beat, restore } = await this.life.beat(copies, async (tx, life, ahead) =>
      this.#recover(tx, life, ahead, hasBeaten),
    );
    failpoint('database.beaten');
    this.#recognized = null;
    this.#epoch = beat.epoch;
    this.#lastRestore = restore;
    await this.copies.write(beat);
    this.#isBeating = true;
    this.#compared.resolve();
  }

  async #recover(
    tx: Transaction,
    life: DatabaseState,
    ahead: DatabaseBeat | null,
    hasBeaten: boolean,
  ): Promise<RestoreReport | null> {
    // A restore makes heartbeats fail or starts the server again, which a heartbeat may wait out.
    // Only then, and at the start, it is worth a look whether the copy is younger than its last
    // heartbeat.
    const isSameServer = this.#serverStartedAt === life.serverStartedAt.getTime();
    const mayBeOlder = !hasBeaten || !isSameServer;
    const isOlder = ahead !== null || (mayBeOlder && (await this.lost.areThere(tx, life)));
    this.#serverStartedAt = life.serverStartedAt.getTime();
    // NATS may lose its disk before the recovery has ended, and then nothing shows the restore
    // again.
    if (isOlder) this.#recognized = { isOtherDatabase: ahead !== null && ahead.id !== life.id };
    if (this.#recognized === null) {
      const isRecognizedByOther = this.#epoch !== undefined && this.#epoch !== life.epoch;
      if (isRecognizedByOther) await this.lost.putBackOwn(tx);
      return null;
    }
    const { isOtherDatabase } = this.#recognized;
    this.log.error({ beatenAt: life.beatenAt, isOtherDatabase }, 'database restored from an older copy');
    const report = await this.lost.putBack(tx, isOtherDatabase ? null : life.beatenAt);
    this.log.error({ ...report }, 'events since the copy put back');
    return report;
  }
}
