import { z } from 'zod';

import { duration } from './registry-settings.js';

const day = 86_400_000;

const limitOf = (days: number) =>
  duration.refine((ms) => ms >= 60_000 && ms <= days * day, `must be from 1m to ${days}d`);

export const access = z
  .strictObject({
    sessions: z
      .strictObject({
        /** Time without a request after which a session is over. */
        idle: limitOf(30).default(12 * 3_600_000),
        /** Time after which a session is over however much it is used. */
        absolute: limitOf(90).default(7 * day),
      })
      .prefault({}),
  })
  .prefault({});

/** How long sessions of the console last. */
export interface AccessSettings {
  sessions: { idleMs: number; absoluteMs: number };
}

export function accessSettings({ sessions }: z.output<typeof access>): AccessSettings {
  return { sessions: { idleMs: sessions.idle, absoluteMs: sessions.absolute } };
}
