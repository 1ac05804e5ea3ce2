import { baselineReasons, findingKinds, packageTypes, severities } from '@tidewaiter/domain';
import { z } from 'zod';

import { count, text } from '../http/fields.js';

/** Platforms that have the change; absent where all compared platforms do. */
const platforms = z.array(z.string()).optional();

/** `total` counts all; `items` has the most important ones, at most 200. */
const listOfChanges = <Shape extends z.ZodRawShape>(shape: Shape) => ({
  total: count,
  items: z.array(z.object({ ...shape, platforms })),
});

const counts = { added: count, removed: count, changed: count };

const baseState = z.object({ name: text, digest: text, os: text, layers: count });

const origin = z
  .object({ revision: text, builder: text, source: text.optional(), signers: z.array(z.string()) })
  .nullable();

const finding = {
  kind: z.enum(findingKinds),
  id: z.string(),
  severity: z.enum(severities),
  title: z.string(),
  packageName: text,
  path: text,
  /**
   * `app/.env:3`, or `env TOKEN` outside of files; absent in comparisons that an older version
   * stored.
   */
  place: text.optional(),
  fingerprint: z.string(),
};

const baseline = z.object({ tag: text, digest: z.string(), reason: z.enum(baselineReasons), line: text });

/** Changes of a push. Null where a part could not be compared. */
export const pushChangesAnswer = z.object({
  /** Baseline with its reason; absent in comparisons that an older version stored. */
  comparedWith: baseline.optional(),
  /** Accounts that pushed the baseline and this push, as the registry names them. */
  pushers: z.object({ before: text, after: text }).optional(),
  platforms: z.array(
    z.object({
      platform: z.string(),
      before: text,
      after: text,
      /** `unread`: the baseline was never analyzed. */
      change: z.enum(['compared', 'same', 'added', 'removed', 'unread']),
    }),
  ),
  isComplete: z.boolean(),
  packages: z.object({
    ...counts,
    ...listOfChanges({ type: z.enum(packageTypes), name: z.string(), before: text, after: text }),
  }),
  files: z
    .object({
      ...counts,
      newSetuid: count,
      /**
       * Changed programs, libraries and scripts, except those explained by a new version of a
       * package.
       */
      code: count.optional(),
      ...listOfChanges({
        path: z.string(),
        change: z.enum(['added', 'removed', 'content', 'mode', 'owner', 'type', 'link']),
        kind: z.enum(['setuid', 'startup', 'program', 'library', 'script', 'other', 'documentation']),
        sizeBytes: count,
        /** SHA-256 of the content, in hex; absent in comparisons that an older version stored. */
        sha256Before: text.optional(),
        sha256After: text.optional(),
        /** Package whose version change explains the file change. */
        upgradedWith: z.object({ type: z.enum(packageTypes), name: z.string() }).optional(),
        modeBefore: text,
        modeAfter: text,
        isNewSetuid: z.boolean(),
      }),
    })
    .nullable(),
  config: z.object(listOfChanges({ field: z.string(), before: text, after: text })).nullable(),
  steps: z.object(listOfChanges({ change: z.enum(['added', 'removed']), step: z.string() })).nullable(),
  base: z.array(
    z.object({
      isChanged: z.boolean().nullable(),
      before: baseState,
      after: baseState,
      commonLayers: count,
      platforms,
    }),
  ),
  hosts: z.object(listOfChanges({ host: z.string(), namedIn: z.array(z.string()) })).nullable(),
  origin: z.array(z.object({ before: origin, after: origin, platforms })).optional(),
  findings: z.object({
    introduced: z.object(listOfChanges(finding)),
    /** Published after the baseline was built. */
    newlyPublished: z.object(listOfChanges(finding)),
    resolved: z.object(listOfChanges(finding)),
  }),
});
