import { z } from 'zod';

/** `version`, `time`, `none`, or `tag:` and a tag. */
const compareWith = z
  .string()
  .regex(/^(?:version|time|none|tag:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/, 'is none of version, time, none and tag:TAG');

export const releases = z
  .array(
    z.strictObject({
      /** `shop/app`, without the registry; `*` stands for anything. */
      repository: z.string().min(1),
      compareWith,
    }),
  )
  .max(10_000)
  .default([]);

/** Baseline setting for the pushes of a repository; of several that match, the first one counts. */
export type ReleaseSettings = z.output<typeof releases>[number];
