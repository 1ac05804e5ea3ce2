import type { JsonObject } from '@tidewaiter/domain';

import { isObject, list, object, text } from './json.js';
import { parseJson } from './parse-json.js';
import { readTime } from './times.js';

/** An event of Amazon's, and its time by the envelope. */
export interface Enveloped {
  event: JsonObject;
  at: string | null;
}

/**
 * Unwraps the events of Amazon's envelopes: EventBridge (`detail`), SNS (`Message`, a JSON text), a
 * trail's file (`Records`) and a CloudWatch Logs delivery (`logEvents`); envelopes may be nested.
 */
export function* eventsOfAmazon(document: JsonObject, envelopesLeft = 3): Iterable<Enveloped> {
  if (envelopesLeft > 0) {
    const inner = withinEnvelope(document);
    if (inner !== null) {
      for (const each of inner.events) {
        for (const found of eventsOfAmazon(each, envelopesLeft - 1)) yield { ...found, at: found.at ?? inner.at };
      }
      return;
    }
  }
  yield { event: document, at: null };
}

function withinEnvelope(document: JsonObject): { events: JsonObject[]; at: string | null } | null {
  if (isObject(document['detail']) && 'detail-type' in document) {
    return { events: [document['detail']], at: readTime(document['time']) };
  }
  if (document['Type'] === 'Notification' && typeof document['Message'] === 'string') {
    return { events: messageOf(document['Message']), at: readTime(document['Timestamp']) };
  }
  if (Array.isArray(document['logEvents'])) {
    return {
      events: list(document['logEvents']).flatMap((each) => messageOf(text(object(each)['message']) ?? '')),
      at: null,
    };
  }
  if (Array.isArray(document['Records'])) return { events: list(document['Records']).filter(isObject), at: null };
  return null;
}

/**
 * A message that is not JSON is no event of a sensor; it becomes a document that no sensor
 * recognizes.
 */
function messageOf(message: string): JsonObject[] {
  try {
    const value = parseJson(message);
    return isObject(value) ? [value] : list(value).filter(isObject);
  } catch {
    return [{ Message: text(message) }];
  }
}
