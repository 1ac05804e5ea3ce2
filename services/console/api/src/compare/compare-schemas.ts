import { z } from 'zod';

import { count, text } from '../http/fields.js';
import { pushChangesAnswer } from '../pushes/push-changes-schemas.js';

/**
 * A digest, `registry/repository:tag`, the id of a push, or
 * `running:cluster/namespace/Kind/name` for what a workload runs.
 */
const reference = z.string().min(1).max(1_000);

export const compareQuery = z.strictObject({ from: reference, to: reference });

const side = z.object({
  reference,
  /** Digests of its images, one for each platform of an index. */
  images: z.array(z.string()),
  /** Newest push that brought them; null for images that were never pushed. */
  push: z.object({ id: z.uuid(), repository: z.string(), tag: text, digest: text }).nullable(),
});

/**
 * Introduced findings come from the change itself; newly published ones were published after the
 * earlier image was built, about packages that both have.
 */
export const compareAnswer = pushChangesAnswer.omit({ comparedWith: true, pushers: true, origin: true }).extend({
  from: side,
  to: side,
  /** Number of findings that both have. */
  unchanged: count,
  /** Findings that both have, worst first. */
  kept: pushChangesAnswer.shape.findings.shape.introduced,
});
