import { levels } from '@tidewaiter/detection';
import { z } from 'zod';

import { text } from '../http/fields.js';
import { pageQuery } from '../http/paging.js';

/** The cursor of alerts is the id of an alert, which need not be a UUID. */
export const alertsQuery = pageQuery.extend({
  after: z.string().min(1).max(200).optional(),
  severity: z.enum(levels).optional(),
  /** Id of the incident to which they belong. */
  incident: z.uuid().optional(),
});

export const alertAnswer = z.object({
  id: z.string(),
  rule: z.object({
    id: z.string(),
    title: z.string(),
    author: text,
    license: text,
    level: z.enum(levels),
    tags: z.array(z.string()),
    link: text,
    file: text,
  }),
  severity: z.enum(levels),
  /**
   * Effect of the alert: opens an incident alone, opens one together with another kind of evidence,
   * or never does.
   */
  weight: z.enum(['alone', 'support', 'context']),
  at: z.string(),
  /** Ids of the runtime records. */
  events: z.array(z.string()),
  techniques: z.array(z.string()),
  stage: text,
  title: z.string(),
  explanation: z.string(),
  finding: text,
  isFact: z.boolean(),
  bySensor: z.boolean(),
  context: z.object({
    cluster: text,
    node: text,
    namespace: text,
    pod: text,
    container: text,
    workload: text,
    image: text,
    imageDigest: text,
  }),
  /** Relevant facts about the image and the workload. */
  image: z.array(z.string()),
  /** Reason for which context lowered the severity. */
  lowered: text,
  incidentId: z.uuid().nullable(),
});
