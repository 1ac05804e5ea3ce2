import { completed } from '@tidewaiter/collections';
import type { JsonObject, JsonValue, Observation, RuntimeRecord } from '@tidewaiter/domain';

import { readDigest, readImageName, withoutScheme } from '../image-names.js';
import { at, object, text } from '../json.js';
import { observationOf } from '../observation.js';
import { type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { SensorSource, Sensor } from '../sensor.js';
import { readTime, timeOfNanos } from '../times.js';
import { genericFields, readFields } from './fields.js';

/** Any JSON whose fields the configuration maps to ours: an array, or one event a line. */
export const generic: Sensor = {
  source: 'generic',
  aliases: ['custom'],
  title: 'Generic JSON',
  about: {
    reads: 'Any JSON with fields that `fields` maps to ours: one object, an array, or one a line.',
    reports: ['exec', 'file', 'connect', 'dns', 'alert', 'other'],
    repetition: 'the field mapped to `id`, else hash over the event',
    ignores: {},
    note: 'Without `activity` it follows from the mapped fields. Times are ISO 8601, or seconds, milliseconds or nanoseconds since 1970.',
  },
  read: (body, connection) => completed(recordSteps(generic, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(generic, body, connection, readDocument),
  observe,
};

/** The mapping travels with each event: who observes it has no configuration. */
function* readDocument(event: JsonObject, { fields = {} }: SensorSource): Iterable<DocumentEvent | Reason> {
  const mapped: JsonObject = {};
  for (const name of genericFields) {
    const path = fields[name];
    const value = path === undefined ? undefined : at(event, path);
    if (value !== undefined && value !== null) mapped[name] = value;
  }
  if (Object.keys(mapped).length === 0) return yield 'malformed';
  yield {
    id: plain(mapped['id']),
    at: timeOf(mapped['at']),
    node: plain(mapped['node']),
    cluster: plain(mapped['cluster']),
    event: { fields: mapped, event },
  };
}

function plain(value: JsonValue | undefined): string | null {
  return typeof value === 'number' ? String(value) : text(value);
}

const millisPerSecond = 1000;

/**
 * ISO 8601, or seconds, milliseconds or nanoseconds since 1970: no event of these times is mistaken
 * for another.
 */
function timeOf(value: JsonValue | undefined): string | null {
  const written = readTime(value);
  if (written !== null || (typeof value !== 'number' && typeof value !== 'string')) return written;
  const nanos = timeOfNanos(value);
  if (nanos !== null && String(value).length >= 18) return nanos;
  const count = Number(value);
  if (!(count > 0 && count < 1e14)) return null;
  return new Date(count < 1e11 ? count * millisPerSecond : count).toISOString();
}

function observe(record: RuntimeRecord): Observation {
  const observation = observationOf(record, 'other', object(record.event['event']));
  readFields(observation, object(record.event['fields']));
  const { container } = observation;
  if (container !== null) {
    const image = readImageName(container.imageRepository);
    container.id = withoutScheme(container.id);
    container.imageRepository = image.repository;
    container.imageTag ??= image.tag;
    container.imageDigest = readDigest(container.imageDigest) ?? image.digest;
  }
  return observation;
}
