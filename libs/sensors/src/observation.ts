import type { Activity, JsonObject, Observation, RuntimeRecord } from '@tidewaiter/domain';

import { timeMsOf } from './times.js';

/**
 * An observation that says nothing yet but whose record it is; its reader fills in what the sensor
 * knows.
 */
export function observationOf(
  record: RuntimeRecord,
  activity: Activity,
  native: JsonObject = record.event,
): Observation {
  const observation: Observation = {
    id: record.id,
    source: record.source,
    sensor: record.sensor,
    cluster: record.cluster,
    node: record.node,
    at: record.at,
    activity,
    timeMs: timeMsOf(record.at),
    process: null,
    container: null,
    pod: null,
    file: null,
    network: null,
    request: null,
    alert: null,
    dropped: 0,
    native,
  };
  if (record.secrets) observation.secrets = record.secrets;
  if (record.isCut) observation.isCut = true;
  if (record.seenAt !== undefined) observation.seenAt = record.seenAt;
  return observation;
}

/** The last part of a path; null of none. */
export function baseName(path: string | null): string | null {
  return path === null ? null : path.slice(path.lastIndexOf('/') + 1) || null;
}

const noAuditUid = 4_294_967_295;

/** The user who logged in; the kernel says 2^32-1, Falco -1, when nobody did. */
export function auditUid(value: number | null): number | null {
  return value === null || value < 0 || value === noAuditUid ? null : value;
}
