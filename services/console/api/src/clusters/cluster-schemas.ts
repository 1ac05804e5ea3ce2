import { isClusterName } from '@tidewaiter/agent-protocol';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';

export const clusterAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  createdAt: time,
  /** End of a join token that no agent has used; null without one. */
  joinExpiresAt: time.nullable(),
  /** When an agent last exchanged a join token; null before the first. */
  joinedAt: time.nullable(),
  credentialExpiresAt: time.nullable(),
  agentVersion: text,
  /** When the agent last reported its state, as it does four times a minute. */
  heardAt: time.nullable(),
  /** When the agent last received an event. */
  lastEventAt: time.nullable(),
  /** Age of the oldest event that waited at the agent, in milliseconds. */
  lagMs: count,
  /** Bytes that waited at the agent. */
  waitingBytes: count,
  /** Events that the agent has lost, by source. */
  dropped: z.record(z.string(), count),
  /** Problems of the agent, by part. */
  problems: z.record(z.string(), z.string()),
});

const name = z.string().refine(isClusterName, 'use up to 63 of a-z, 0-9, dot, dash and underscore');

export const clusterBody = z.strictObject({ name });

export const joinTokenAnswer = z.object({
  name: z.string(),
  /** Shown only now; an agent exchanges it once. */
  token: z.string(),
  expiresAt: time,
});

export const clusterNameParameter = z.string().max(63);
