import type { RuntimeSource, Secret } from '@tidewaiter/domain';
import { parseDuration } from '@tidewaiter/routing';
import { type GenericSensorFields, genericFields, sensorOf, sensors } from '@tidewaiter/sensors';
import { z } from 'zod';

import { name, secretPair, type SecretReader } from './secret-settings.js';
import { type SnsSettings, snsSettings, topicArn } from './sns-settings.js';

/** A duration in milliseconds; null for `never`. */
const silence = z.string().transform((text, context) => {
  if (text === 'never') return null;
  try {
    return parseDuration(text);
  } catch {
    context.addIssue('is no duration such as 10m, and not never');
    return z.NEVER;
  }
});

/**
 * Kinds that are never stale by default: cloud API calls, findings and custom events may be absent
 * for days.
 */
const quietKinds: ReadonlySet<string> = new Set(['cloudtrail', 'guardduty', 'generic']);

/** One of `sensors` of tidewaiter.yaml. */
export const sensor = z
  .strictObject({
    name,
    kind: z.enum(sensors.flatMap(({ source, aliases }) => [source, ...aliases])),
    cluster: z.string().min(1).optional(),
    ...secretPair('token'),
    /** Amazon SNS topic whose signed messages are accepted. */
    topicArn: topicArn.optional(),
    snsCertificateFile: z.string().optional(),
    /** For `generic`: path in the events of each of our fields. */
    fields: z.partialRecord(z.enum(genericFields), z.string().min(1)).optional(),
    /**
     * Time without events after which the sensor is reported as stale; `never` for one that is
     * quiet by nature.
     */
    silentAfter: silence.optional(),
    allowUnauthenticated: z.boolean().default(false),
  })
  .superRefine(({ kind, fields: paths }, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', path: ['fields'], message });
    if (paths !== undefined && kind !== 'generic') problem('is for the kind generic');
    if (paths === undefined && kind === 'generic') problem('is missing');
  });

/** One runtime sensor that may send events. */
export interface SensorSettings {
  name: string;
  kind: RuntimeSource;
  cluster: string | null;
  token?: Secret;
  sns?: SnsSettings | undefined;
  fields?: GenericSensorFields;
  /** Null if it is never reported as stale. */
  silentAfterMs: number | null;
  allowUnauthenticated: boolean;
}

const silentAfterMs = 600_000;

export function sensorSettings(read: z.output<typeof sensor>, at: string, secrets: SecretReader): SensorSettings {
  const { name, token, tokenFile, cluster, fields: paths, silentAfter, allowUnauthenticated } = read;
  const kind = sensorOf(read.kind)?.source ?? 'generic';
  return {
    name,
    kind,
    cluster: cluster ?? null,
    token: secrets.read(`${at}.token`, token, tokenFile),
    sns: snsSettings(read, at, secrets),
    fields: paths,
    silentAfterMs: silentAfter === undefined ? (quietKinds.has(kind) ? null : silentAfterMs) : silentAfter,
    allowUnauthenticated,
  };
}
