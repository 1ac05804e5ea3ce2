import { registryCheckSteps } from '@tidewaiter/registry';
import { z } from 'zod';

import { entryCheck } from '../entries/entry-schemas.js';
import { count, text } from '../http/fields.js';

/** Repository whose tags are listed; the first one of the catalog unless given. */
const repository = z.string().min(1).max(255).optional();

export const storedRegistryCheck = z.strictObject({ repository }).prefault({});

/** A registry as it would be saved; secrets that it leaves out are those of the stored one. */
export const registryCheck = entryCheck.extend({ repository });

export const registryCheckAnswer = z.object({
  name: z.string(),
  /** Whether images can be read, as far as this shows. */
  isUsable: z.boolean(),
  /** Outcome in sentences. */
  text: z.string(),
  steps: z.array(
    z.object({
      step: z.enum(registryCheckSteps),
      state: z.enum(['passed', 'failed', 'skipped']),
      /** Error code of a failed step. */
      code: text,
      /** Names that were listed, of at most a hundred. */
      listed: count.nullable(),
    }),
  ),
});
