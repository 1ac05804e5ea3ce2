import { hash } from 'node:crypto';

import { type CheckRunningObject, runningObjectChecker } from '@tidewaiter/checks';
import type { Steps } from '@tidewaiter/collections';
import {
  InvalidInput,
  type JsonObject,
  type JsonValue,
  type ObjectEvaluation,
  type RuntimeSource,
} from '@tidewaiter/domain';

import { isObject } from './json.js';
import { evaluateObject, type ObjectState } from './object-evaluation.js';
import { parseJson } from './parse-json.js';
import { documentSteps } from './read-documents.js';
import { fitted } from './record-size.js';
import { redactEvent } from './redact-event.js';
import type { SensorSource, SensorRecords, Sensor } from './sensor.js';

/** One event of a document. */
export interface DocumentEvent {
  /**
   * The sensor's own id, or a function that derives it from the event without its secrets; null for
   * a hash over that event.
   */
  id: string | null | ((event: JsonObject) => string | null);
  /** Null where the event has no time. */
  at: string | null;
  /** Time at which the state is confirmed to hold; absent for events, which have passed. */
  seenAt?: string;
  node: string | null;
  /** Claimed by the body; a configured cluster takes precedence. */
  cluster?: string | null;
  event: JsonObject;
  /** Whether the sensor itself has removed parts of it. */
  isCut?: boolean;
  /** Number of events that it reports as lost. */
  dropped?: number;
  /** Objects of Kubernetes that it is about; those that run pods are evaluated. */
  objects?: readonly ObjectState[];
}

/**
 * Why a document is left out: a reason from the sensor's page, or `malformed` for one that is not
 * an event of this sensor.
 */
export type Reason = string;

/** Reads one document: its events, or why it is left out. */
export type EventReader = (document: JsonObject, connection: SensorSource) => Iterable<DocumentEvent | Reason>;

/**
 * The records of a body. One bad document of a batch is counted and does not affect the others.
 * @throws InvalidInput `BODY_NOT_JSON`, and `BODY_UNRECOGNIZED` when no document
 * is of this sensor
 */
export function* recordSteps(
  { source, title }: Pick<Sensor, 'source' | 'title'>,
  body: Buffer,
  connection: SensorSource,
  readEvents: EventReader,
): Steps<SensorRecords> {
  const read: SensorRecords = { records: [], ignored: {}, dropped: 0 };
  const documents = yield* documentSteps(body);
  const check = runningObjectChecker();
  let isRecognized = documents.length === 0;
  for (const document of documents) {
    for (const event of isObject(document) ? readUnwrapped(document, connection, readEvents) : ['malformed']) {
      if (event !== 'malformed') isRecognized = true;
      if (typeof event === 'string') ignore(read, event);
      else add(read, event, { source, connection, check });
      yield;
    }
  }
  // Checked on the whole batch: a foreign event among readable ones is only counted.
  if (!isRecognized) throw new InvalidInput('BODY_UNRECOGNIZED', `The body holds no event of ${title}.`);
  return read;
}

/**
 * Shippers wrap an event in a member of their own, as an object or as text: a malformed document
 * may contain an event of this sensor.
 */
function readUnwrapped(
  document: JsonObject,
  connection: SensorSource,
  readEvents: EventReader,
): Iterable<DocumentEvent | Reason> {
  const events = [...readEvents(document, connection)];
  if (events.length !== 1 || events[0] !== 'malformed') return events;
  for (const name of wrappings) {
    const inner = objectOf(document[name]);
    if (inner !== null) return readEvents(inner, connection);
  }
  return events;
}

const wrappings = ['log', 'message', 'MESSAGE', 'event'];

function objectOf(value: JsonValue | undefined): JsonObject | null {
  if (isObject(value)) return value;
  if (typeof value !== 'string' || !value.startsWith('{')) return null;
  try {
    return objectOf(parseJson(value));
  } catch {
    return null;
  }
}

/** Context in which the records of a body are made. */
interface Making {
  source: RuntimeSource;
  connection: SensorSource;
  check: CheckRunningObject;
}

function add(read: SensorRecords, sent: DocumentEvent, { source, connection, check }: Making): void {
  read.dropped += sent.dropped ?? 0;
  // Redact before cutting to size: a truncated secret no longer matches its pattern.
  const redacted = redactEvent(sent.event, connection.fingerprintKey);
  const evaluations = evaluated(sent.objects ?? [], connection, check);
  const kept = fitted(redacted.event);
  const id = typeof sent.id === 'function' ? sent.id(redacted.event) : sent.id;
  read.records.push({
    id: ownId(id) ?? hashOf(kept.json),
    source,
    sensor: connection.sensor,
    cluster: connection.cluster ?? sent.cluster ?? null,
    node: sent.node,
    at: sent.at ?? connection.receivedAt,
    ...(sent.seenAt !== undefined && { seenAt: sent.seenAt }),
    event: kept.event,
    ...((kept.isCut || sent.isCut) && { isCut: true }),
    ...(redacted.secrets.length > 0 && { secrets: redacted.secrets }),
    ...(evaluations.length > 0 && { evaluations }),
  });
}

/**
 * Limit on the evaluations of one record, beside the largest event in a message: some 150 objects
 * of a deleted collection, which have no findings.
 */
const maxEvaluationBytes = 44 * 1024;

function evaluated(objects: readonly ObjectState[], { fingerprintKey }: SensorSource, check: CheckRunningObject) {
  const evaluations: ObjectEvaluation[] = [];
  let bytesLeft = maxEvaluationBytes;
  for (const object of objects) {
    const evaluation = evaluateObject(object, check);
    if (!evaluation) continue;
    bytesLeft -= Buffer.byteLength(JSON.stringify(evaluation)) + 1;
    if (bytesLeft < 0) break;
    evaluations.push(withoutSecrets(evaluation, fingerprintKey));
  }
  return evaluations;
}

/** Masks secrets in names and paths, put there by an attacker or by mistake. */
function withoutSecrets(evaluation: ObjectEvaluation, key: Uint8Array): ObjectEvaluation {
  const { namespace, name, workload, findings } = evaluation;
  const texts = findings.map(({ title, container, field }) => ({ title, container, field }));
  const redacted = redactEvent({ namespace, name, workload, texts }, key).event as {
    namespace: string;
    name: string;
    workload: ObjectEvaluation['workload'];
    texts: typeof texts;
  };
  return {
    ...evaluation,
    ...{ namespace: redacted.namespace, name: redacted.name, workload: redacted.workload },
    findings: findings.map((finding, index) => ({ ...finding, ...redacted.texts[index] })),
  };
}

function ignore({ ignored }: SensorRecords, reason: string): void {
  ignored[reason] = (ignored[reason] ?? 0) + 1;
}

const printableId = /^[\x21-\x7e]{1,128}$/;

/** The id, or its hash if it is too long or not printable. */
function ownId(id: string | null): string | null {
  return id === null || printableId.test(id) ? id : hashOf(id);
}

/** Short hash as the id of an event that has none. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
