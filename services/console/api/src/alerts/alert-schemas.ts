import { levels } from '@tidewaiter/detection';
import { alertFields } from '@tidewaiter/query';
import { alertList } from '@tidewaiter/store';
import { z } from 'zod';

import { text } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';

export const alertsQuery = listQuery(alertList, alertFields, '-number').extend({
  /** Short for `severity=` in `q`. */
  severity: z.enum(levels).optional(),
  /** Id of the incident to which they belong; short for `incident=` in `q`. */
  incident: z.uuid().optional(),
});

export const alertExportQuery = exportQuery(alertList, alertFields, '-number');

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
  /** Number in its name, `INC-7`. */
  incidentNumber: z.int().nullable(),
});
