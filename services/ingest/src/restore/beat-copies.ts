import { Injectable } from '@nestjs/common';
import { DatabaseMirror } from '@tidewaiter/bus';
import type { DatabaseBeat } from '@tidewaiter/store';
import { z } from 'zod';

import { SpoolSetup } from '../spool/spool-setup.js';

const noteName = 'database';
const noteSchema = z.object({ id: z.uuid(), epoch: z.int(), beat: z.int() });

/**
 * Copies of the heartbeat of PostgreSQL: in NATS, and in the spool for the case that NATS has lost
 * its disk.
 */
@Injectable()
export class BeatCopies {
  constructor(
    private readonly mirror: DatabaseMirror,
    private readonly setup: SpoolSetup,
  ) {}

  /** The last heartbeats that were written. Fails without NATS. */
  async read(): Promise<DatabaseBeat[]> {
    const mirrored = await this.mirror.read();
    const { data: noted } = noteSchema.safeParse(await this.setup.spool?.lastNote(noteName));
    return [mirrored, noted].filter((each) => each != null);
  }

  /** Writes a heartbeat that was committed. */
  async write(beat: DatabaseBeat): Promise<void> {
    await this.mirror.write(beat);
    await this.setup.spool?.note(noteName, beat);
  }
}
