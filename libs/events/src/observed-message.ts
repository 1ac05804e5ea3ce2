import { InvalidInput, type JsonObject, type RuntimeRecord, runtimeSources, severities } from '@tidewaiter/domain';

import { runtimeObserved } from './catalog.js';
import { checkedData, readEnvelope } from './envelope.js';
import type { DataOf } from './event-type.js';

type Observed = DataOf<typeof runtimeObserved>;

/**
 * Message of the runtime stream. It keeps its bytes; parsed records are cached only from the first
 * `eventAt` on.
 */
export class ObservedMessage {
  #readAgain: RuntimeRecord[] | undefined;

  constructor(private readonly bytes: Uint8Array) {}

  /** @throws InvalidInput when the bytes are no valid message of the runtime stream */
  records(): RuntimeRecord[] {
    return readRecords(this.bytes);
  }

  /**
   * Event of a record. Parses the message again and caches it, since more events are often
   * requested next.
   */
  eventAt(index: number): JsonObject {
    this.#readAgain ??= this.records();
    return this.#readAgain[index]!.event;
  }
}

function readRecords(bytes: Uint8Array): RuntimeRecord[] {
  const event = readEnvelope(bytes);
  if (event.type !== runtimeObserved.type)
    throw new InvalidInput('EVENT_MALFORMED', `${event.type} does not belong here`);
  // The schema copies each record, too slow for thousands a second: it only runs on invalid data,
  // to report the error.
  return isObserved(event.data) ? event.data.records : (checkedData(event) as Observed).records;
}

const sources: ReadonlySet<unknown> = new Set(runtimeSources);

/** Fast check that accepts nothing that the schema would reject. */
function isObserved(data: unknown): data is Observed {
  if (!isObject(data) || typeof data['sensor'] !== 'string') return false;
  const { records } = data;
  return Array.isArray(records) && records.length > 0 && records.every(isRecord);
}

function isRecord(value: unknown): value is RuntimeRecord {
  if (!isObject(value)) return false;
  const { id, source, sensor, cluster, node, at, seenAt, event, isCut, secrets, evaluations } = value;
  return (
    typeof id === 'string' &&
    id !== '' &&
    sources.has(source) &&
    typeof sensor === 'string' &&
    isTextOrNull(cluster) &&
    isTextOrNull(node) &&
    typeof at === 'string' &&
    (seenAt === undefined || typeof seenAt === 'string') &&
    isObject(event) &&
    (isCut === undefined || isCut === true) &&
    (secrets === undefined || (Array.isArray(secrets) && secrets.every(isSecret))) &&
    (evaluations === undefined || (Array.isArray(evaluations) && evaluations.every(isEvaluation)))
  );
}

function isSecret(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { rule, masked, fingerprint } = value;
  return [rule, masked, fingerprint].every((each) => typeof each === 'string');
}

function isEvaluation(value: unknown): boolean {
  if (!isObject(value) || !isObject(value['workload']) || !Array.isArray(value['findings'])) return false;
  const { kind, namespace, name, workload, version, changedAt, isGone, findings } = value;
  return (
    [kind, namespace, name, changedAt, workload['kind'], workload['name']].every((each) => typeof each === 'string') &&
    isTextOrNull(version) &&
    typeof isGone === 'boolean' &&
    findings.every(isFinding)
  );
}

const severityNames: ReadonlySet<unknown> = new Set(severities);

function isFinding(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { check, severity, title, container, field, fingerprint } = value;
  return (
    [check, title, fingerprint].every((each) => typeof each === 'string') &&
    severityNames.has(severity) &&
    [container, field].every(isTextOrNull)
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
