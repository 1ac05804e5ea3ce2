import { searchHitTypes } from '@tidewaiter/store';
import { z } from 'zod';

export const searchQuery = z.strictObject({
  /**
   * Id of a vulnerability, incident or container, a package, tag, digest, fingerprint or path, the
   * hash of a file, or a part of the name of a repository or workload.
   */
  q: z.string().trim().min(1).max(1_000),
});

/** Search result. */
export const searchHitAnswer = z.object({
  type: z.enum(searchHitTypes),
  id: z.string(),
  title: z.string(),
  /** Console route of its page. */
  link: z.string(),
});
