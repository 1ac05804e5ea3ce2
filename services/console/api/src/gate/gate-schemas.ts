import { incompleteEffects, policyModes, severities, verdicts } from '@tidewaiter/domain';
import { z } from 'zod';

import { count, text } from '../http/fields.js';
import { findingAnswer, suppression, warning } from '../images/image-schemas.js';

const thresholdPattern = new RegExp(`^(new:)?(${severities.join('|')})$`);

export const imageName = z.string().min(1).max(1_024);

export const gateBody = z.strictObject({
  /** `registry.example.com/shop/cart:1.2`, or `@` and a digest. */
  image: imageName,
  /** Image that it replaces; defaults to the baseline of its push. */
  against: imageName.optional(),
  /**
   * `high`, or `new:high` for findings that the change introduced; by default the rules for every
   * push apply.
   */
  failOn: z.string().regex(thresholdPattern, 'expected a severity, or new: and a severity').optional(),
  /** Effect of files that were not read completely; by default that of the platform's settings. */
  onIncomplete: z.enum(incompleteEffects).optional(),
});

const severity = z.enum(severities);

const gateFinding = findingAnswer.omit({ platform: true });

const policyResult = z.object({
  name: z.string(),
  mode: z.enum(policyModes),
  /** `unknown` where a fact that decides is missing. */
  result: z.enum(verdicts),
  reasons: z.array(z.string()),
});

/** Current suppressions and policy results of the images of a push. */
export const evaluationAnswer = z.object({
  suppressed: z.array(gateFinding.extend({ by: suppression })),
  policies: z.array(policyResult),
  /** Sources of the data, each with the time up to which what was published is known. */
  advisorySources: z.array(z.object({ source: z.string(), asOf: z.iso.datetime() })),
});

export const gateAnswer = evaluationAnswer.extend({
  image: z.string(),
  digest: text,
  against: text,
  failOn: text,
  pushId: z.uuid(),
  /** Verdict of the push at the time of its analysis. */
  storedVerdict: z.enum(verdicts).nullable(),
  result: z.enum(verdicts),
  reasons: z.array(z.string()),
  /** Null without a baseline. */
  changes: z
    .object({
      introduced: z.array(gateFinding),
      /** Published only after the baseline was built, about packages that it has too. */
      newlyPublished: z.array(gateFinding),
      unchanged: z.array(gateFinding),
      resolved: z.array(gateFinding),
    })
    .nullable(),
  findings: z.array(gateFinding),
  /** Number of counted findings by severity, each location once for all platforms. */
  counts: z.record(severity, count),
  warnings: z.array(warning),
});
