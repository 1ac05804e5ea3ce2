import type { ObjectEvaluation } from './object-evaluation.js';

/**
 * Sources of runtime events. The value of `kind:` in the configuration, and of `source` in records.
 */
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
 * Event of a sensor as it is sent and stored: the sensor's own fields, and the few that must be
 * known without parsing them.
 */
export interface RuntimeRecord {
  /** Stable under redelivery: the sensor's own id, else a hash over what makes the event unique. */
  id: string;
  source: RuntimeSource;
  /** Name of the configured sensor connection. */
  sensor: string;
  cluster: string | null;
  /** Scope of process trees; null for events without a node. */
  node: string | null;
  /**
   * ISO 8601 with all fraction digits of the sensor (nanoseconds do not fit a JavaScript number).
   */
  at: string;
  /**
   * ISO 8601: latest time at which a watching source still saw the reported state, possibly long
   * after {@link at}.
   */
  seenAt?: string;
  event: JsonObject;
  /** Whether parts of the event were removed because it was too large, by its source or here. */
  isCut?: true;
  /** Secrets that occurred in {@link event} and were masked before it was stored. */
  secrets?: ObservedSecret[];
  /** Misconfigurations of the objects of {@link event}: one, or those of a deleted collection. */
  evaluations?: ObjectEvaluation[];
}

/** Secret that a sensor reported with an event, without its value. */
export interface ObservedSecret {
  /**
   * Rule that matched its format, or `marked-secret` if its flag, header or name marks it as one.
   */
  rule: string;
  /** Mask that replaces the value. */
  masked: string;
  /** HMAC-SHA-256 of the value in hex: equal to that of the same secret in an image. */
  fingerprint: string;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}
