import { z } from 'zod';

import { duration } from './registry-settings.js';

const age = duration.refine((ms) => ms > 0, 'must be more than 0');

/** Ages above which the data of advisories gives a warning, in milliseconds. */
export const advisories = z
  .strictObject({
    maxAge: age.default(7 * 86_400_000),
    /** By the name of a source or ecosystem: `KEV`, `Red Hat VEX`, `Debian`. */
    maxAges: z.record(z.string().min(1).max(128), age).default({}),
  })
  .prefault({})
  .transform(({ maxAge, maxAges }) => ({ maxAges: { usualMs: maxAge, named: maxAges } }));

export type AdvisorySettings = z.output<typeof advisories>;
