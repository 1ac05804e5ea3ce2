import type { RuntimeSource, Secret } from '@tidewaiter/domain';
import { parseDuration } from '@tidewaiter/routing';
import { type GenericFields, genericFields, sensorOf, sensors } from '@tidewaiter/sensors';
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

/** Kinds that tell of calls of a cloud and of findings, or what nobody knows: that they say nothing for a day means nothing. */
const quietKinds: ReadonlySet<string> = new Set(['cloudtrail', 'guardduty', 'generic']);

/** One of `sensors` of tidewaiter.yaml. */
export const sensor = z
  .strictObject({
    name,
    kind: z.enum(sensors.flatMap(({ source, aliases }) => [source, ...aliases])),
    cluster: z.string().min(1).optional(),
    ...secretPair('token'),
    /** The topic of Amazon SNS whose signed messages are believed. */
    topicArn: topicArn.optional(),
    snsCertificateFile: z.string().optional(),
    /** For `generic`: our names of fields, and the path of each in the events. */
    fields: z.partialRecord(z.enum(genericFields), z.string().min(1)).optional(),
    /** How long it may say nothing before people are told; `never` for one that is quiet by nature. */
    silentAfter: silence.optional(),
    allowUnauthenticated: z.boolean().default(false),
  })
  .superRefine(({ kind, fields: paths }, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', path: ['fields'], message });
    if (paths !== undefined && kind !== 'generic') problem('is for the kind generic');
    if (paths === undefined && kind === 'generic') problem('is missing');
  });

/** One runtime sensor that may call us. */
export interface SensorSettings {
  name: string;
  kind: RuntimeSource;
  cluster: string | null;
  token?: Secret;
  sns?: SnsSettings | undefined;
  fields?: GenericFields;
  /** Null: it is never missed. */
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
