import type { ObjectJudgement } from './object-judgement.js';

/** Who tells of what runs. The word of `kind:` in the configuration, and of the records. */
export const runtimeSources = [
  'falco',
  'tetragon',
  'tracee',
  'kubernetes-audit',
  'kubernetes-watch',
  'cloudtrail',
  'guardduty',
  'cri',
  'generic',
] as const;

export type RuntimeSource = (typeof runtimeSources)[number];

/**
 * One event of a sensor as it travels and is kept: the sensor's own words, and the little that must be known of it without
 * reading them.
 */
export interface RuntimeRecord {
  /** Stable under redelivery: the sensor's own id, else a hash over what makes the event unique. */
  id: string;
  source: RuntimeSource;
  /** Name of the configured sensor connection. */
  sensor: string;
  cluster: string | null;
  /** What process trees belong to; null for what no node did. */
  node: string | null;
  /** ISO 8601 with every fraction digit that the sensor gave (nanoseconds do not fit a JavaScript number). */
  at: string;
  /** ISO 8601: when something was still as a source says that has watched it, which may be long after {@link at}. */
  seenAt?: string;
  event: JsonObject;
  /** Secrets that stood in {@link event} and were masked before it was stored. */
  secrets?: ObservedSecret[];
  /** Misconfigurations of the objects that {@link event} is about: one, or those of a deleted collection. */
  judgements?: ObjectJudgement[];
}

/** A secret that a sensor reported with an event, without its value. */
export interface ObservedSecret {
  /** The rule that knows its form, or `marked-secret` where its flag, header or name calls it one. */
  rule: string;
  /** Mask that replaces the value. */
  masked: string;
  /** HMAC-SHA-256 of the value in hex: that of the same secret in an image. */
  fingerprint: string;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}
