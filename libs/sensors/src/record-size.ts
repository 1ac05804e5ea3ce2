import { cut, type JsonObject, type JsonValue } from '@tidewaiter/domain';

/** An event of this size goes into a message of 256 KiB, together with what is said of it. */
export const maxEventBytes = 192 * 1024;

/** What is cut, until an event is small enough: long texts are mostly command lines, and documents within documents. */
const cuts = [
  { maxChars: 16_384, maxItems: 2_000 },
  { maxChars: 4_096, maxItems: 500 },
  { maxChars: 512, maxItems: 100 },
  { maxChars: 128, maxItems: 20 },
] as const;

/** An event, and how it is written. */
export interface Fitted {
  event: JsonObject;
  json: string;
}

/** The event as it is, or with its longest texts and lists cut; null where even that does not make it small enough. */
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
