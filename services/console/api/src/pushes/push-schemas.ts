import { baselineReasons, severities, verdicts } from '@tidewaiter/domain';
import { pushFields } from '@tidewaiter/query';
import { pushList, pushStates, pushOrigins, type PushRow } from '@tidewaiter/store';
import { z } from 'zod';

import { evaluationAnswer } from '../gate/gate-schemas.js';
import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import type { SchemaOf } from '../http/row-schemas.js';
import { imageAnswer, warning } from '../images/image-schemas.js';

/** Without a state signatures, attestations and charts are left out. */
export const pushesQuery = listQuery(pushList, pushFields, '-received').extend({
  /** Shorter for `q=state=refused`. */
  state: z.enum(pushStates).optional(),
});

export const pushExportQuery = exportQuery(pushList, pushFields, '-received');

const severity = z.enum(severities);

const baseline = z.object({ tag: text, digest: z.string(), reason: z.enum(baselineReasons), line: text });

/** Columns that the answer leaves out; the details of a push show `warnings`. */
type InternalOfPush = 'announced' | 'refusedBy' | 'rulesVersion' | 'signersVersion' | 'warnings';

export const pushAnswer = z.object({
  id: z.uuid(),
  connection: z.string(),
  registryHost: text,
  repository: z.string(),
  tag: text,
  claimedDigest: text,
  digest: text,
  mediaType: text,
  artifact: z.string(),
  /**
   * How the push was learned: its registry announced it, reconciliation found it, or it existed
   * when the registry was connected.
   */
  origin: z.enum(pushOrigins),
  attachedTo: text,
  pushedBy: text,
  pushedAt: time.nullable(),
  receivedAt: time,
  /** `not-an-image`: a signature, an attestation, a chart. */
  state: z.enum(pushStates),
  /** Digest that its tag pointed to before. */
  previousDigest: text,
  /** Baseline with its reason; null without one, and for pushes older than this field. */
  comparedWith: baseline.nullable(),
  /** Time until which its missing signature is not announced; null where none is awaited. */
  signatureDueAt: time.nullable(),
  /**
   * Whether it was reported after a newer push of its tag; then it does not change where the tag
   * points.
   */
  isLate: z.boolean(),
  verdict: z.enum(verdicts).nullable(),
  counts: z.record(severity, count).nullable(),
  /** Number of warnings about unread or unevaluated content. */
  warningCount: count,
  code: text,
  reason: text,
  finishedAt: time.nullable(),
} satisfies SchemaOf<PushRow, InternalOfPush> & { warningCount: z.ZodType });

export const pushDetailAnswer = pushAnswer
  .extend({
    warnings: z.array(warning),
    images: z.array(imageAnswer),
    /** Verdict by the rules and advisories of now; `verdict` is that of the analysis. */
    result: z.enum(verdicts),
    /** Reasons of `result`; one that a policy gives begins with its name. */
    reasons: z.array(z.string()),
  })
  .extend(evaluationAnswer.shape);

export const retryAnswer = z.object({ id: z.uuid() });
