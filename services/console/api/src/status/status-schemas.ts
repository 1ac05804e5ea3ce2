import { z } from 'zod';

import { count, time } from '../http/fields.js';
import { pushAnswer } from '../pushes/push-schemas.js';

export const statusAnswer = z.object({
  pushes: z.record(pushAnswer.shape.state.exclude(['not-an-image']), count),
  /**
   * Queued and running work; `oldestSeconds` is the age of the oldest job that waits, also for a
   * retry.
   */
  queues: z.array(z.object({ queue: z.string(), queued: count, running: count, oldestSeconds: z.number() })),
  advisories: z.object({
    advisories: count,
    ecosystems: z.array(z.object({ ecosystem: z.string(), packages: count })),
    /** Sources of advisories, KEV and EPSS: everything published until `asOf` is imported. */
    feeds: z.array(
      z.object({
        name: z.string(),
        origin: z.string(),
        asOf: z.string(),
        checkedAt: z.string(),
        changedAt: z.string(),
        records: count,
        rejected: count,
      }),
    ),
    /**
     * Age of each source of an ecosystem by the date of the data itself, not of its import;
     * `isStale` above the limit of the settings.
     */
    ages: z.array(
      z.object({
        ecosystem: z.string(),
        source: z.string(),
        asOf: z.string(),
        ageSeconds: count,
        isStale: z.boolean(),
      }),
    ),
    lastImport: z
      .object({ source: z.string(), records: count, changed: count, rejected: count, importedAt: time })
      .nullable(),
  }),
  /** Unscanned images that this console has allowed since its start. */
  admission: z.object({ allowedUnscanned: count }),
  /**
   * Running processes; `error` is set where the current files were rejected and the last good
   * configuration is in use.
   */
  configuration: z.array(
    z.object({
      service: z.string(),
      instance: z.string(),
      loadedAt: time,
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
  /**
   * Managed entries without effect, as `tidewaiter.yaml` has entries of the same names; `routing`
   * where the notifier has a `routing.yaml`.
   */
  overridden: z.array(z.string()),
});
