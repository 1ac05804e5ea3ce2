import { hash } from 'node:crypto';

import { InvalidInput, type JsonObject, type RuntimeSource } from '@tidewaiter/domain';

import { isObject } from './json.js';
import { type Documents, readDocuments } from './read-documents.js';
import { fitted } from './record-size.js';
import type { Connection, ReadRecords } from './sensor.js';

/** What a document tells: one event. */
export interface Told {
  /** The sensor's own id; null to take a hash over the event. */
  id: string | null;
  /** Null where it says no time. */
  at: string | null;
  node: string | null;
  /** Claimed by the body; what is configured wins. */
  cluster?: string | null;
  event: JsonObject;
  /** Events that it says were lost. */
  dropped?: number;
}

/** Why a document is left out. `malformed` is for what is no event of this sensor. */
export type Reason = 'malformed' | 'internal' | 'test' | 'stage' | 'bookmark' | 'too-large' | (string & {});

/** Reads one document: what it tells, or why it is left out. */
export type Tell = (document: JsonObject, connection: Connection) => Iterable<Told | Reason>;

/**
 * The records of a body. One bad document of a batch is counted and stops none of its neighbours.
 * @throws InvalidInput `BODY_NOT_JSON`, `BODY_TOO_DEEP`, and `BODY_UNRECOGNISED` when no document is of this sensor
 */
export function readRecords(
  source: RuntimeSource,
  title: string,
  body: Buffer,
  connection: Connection,
  tell: Tell,
): ReadRecords {
  return recordsOf(source, title, readDocuments(body), connection, tell);
}

export function recordsOf(
  source: RuntimeSource,
  title: string,
  documents: Documents,
  connection: Connection,
  tell: Tell,
): ReadRecords {
  const read: ReadRecords = { records: [], ignored: {}, dropped: 0 };
  let isRecognised = documents.length === 0;
  for (const document of documents) {
    for (const told of isObject(document) ? tell(document, connection) : ['malformed']) {
      if (told !== 'malformed') isRecognised = true;
      add(read, source, connection, told);
    }
  }
  // Tried on the whole batch: among readable events a foreign one is only counted.
  if (!isRecognised) throw new InvalidInput('BODY_UNRECOGNISED', `The body holds no event of ${title}.`);
  return read;
}

function add(read: ReadRecords, source: RuntimeSource, connection: Connection, told: Told | Reason): void {
  if (typeof told === 'string') return ignore(read, told);
  read.dropped += told.dropped ?? 0;
  const kept = fitted(told.event);
  if (kept === null) return ignore(read, 'too-large');
  read.records.push({
    id: ownId(told.id) ?? hashOf(kept.json),
    source,
    sensor: connection.sensor,
    cluster: connection.cluster ?? told.cluster ?? null,
    node: told.node,
    at: told.at ?? connection.receivedAt,
    event: kept.event,
  });
}

function ignore({ ignored }: ReadRecords, reason: string): void {
  ignored[reason] = (ignored[reason] ?? 0) + 1;
}

const printableId = /^[\x21-\x7e]{1,128}$/;

/** An id that is too long, or that nobody could print, is known by its hash. */
function ownId(id: string | null): string | null {
  return id === null || printableId.test(id) ? id : hashOf(id);
}

/** A short id of what has none. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
