import { cut, type JsonObject, type JsonValue } from '@tidewaiter/domain';

/** Limit on an event: with its record's other fields it fits into a message of 256 KiB. */
export const maxEventBytes = 192 * 1024;

/**
 * Limits on texts and lists, applied in turn until an event fits: long texts are mostly command
 * lines and nested documents.
 */
const cuts = [
  { maxChars: 16_384, maxItems: 2_000 },
  { maxChars: 4_096, maxItems: 500 },
  { maxChars: 512, maxItems: 100 },
  { maxChars: 128, maxItems: 20 },
] as const;

/** An event, and its JSON. */
export interface Fitted {
  event: JsonObject;
  json: string;
}

/**
 * The event unchanged, or with its longest texts and lists cut; null where it is still too large.
 */
export function fitted(event: JsonObject): Fitted | null {
  const json = JSON.stringify(event);
  if (Buffer.byteLength(json) <= maxEventBytes) return { event, json };
  for (const { maxChars, maxItems } of cuts) {
    const smaller = shorten(event, maxChars, maxItems) as JsonObject;
    const shorter = JSON.stringify(smaller);
    if (Buffer.byteLength(shorter) <= maxEventBytes) return { event: smaller, json: shorter };
  }
  return null;
}

function shorten(value: JsonValue, maxChars: number, maxItems: number): JsonValue {
  if (typeof value === 'string') return cut(value, maxChars);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, maxItems).map((each) => shorten(each, maxChars, maxItems));
  const members = Object.entries(value).slice(0, maxItems);
  return Object.fromEntries(members.map(([key, each]) => [cut(key, 256), shorten(each, maxChars, maxItems)]));
}
