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

/** An event, its JSON, and whether parts of it are missing. */
export interface Fitted {
  event: JsonObject;
  json: string;
  isCut: boolean;
}

/**
 * The event unchanged, or with its longest texts and lists cut, and without its largest members
 * where that does not suffice.
 */
export function fitted(event: JsonObject): Fitted {
  const json = JSON.stringify(event);
  if (Buffer.byteLength(json) <= maxEventBytes) return { event, json, isCut: false };
  let smaller = event;
  for (const { maxChars, maxItems } of cuts) {
    smaller = shorten(event, maxChars, maxItems) as JsonObject;
    const shorter = JSON.stringify(smaller);
    if (Buffer.byteLength(shorter) <= maxEventBytes) return { event: smaller, json: shorter, isCut: true };
  }
  const rest = withoutLargest(smaller);
  return { event: rest, json: JSON.stringify(rest), isCut: true };
}

/** The smallest members, as many as fit: caller, verb and name of an object are small. */
function withoutLargest(event: JsonObject): JsonObject {
  const members = Object.entries(event).map(([key, value]) => {
    const member = { [key]: value };
    return { member, bytes: Buffer.byteLength(JSON.stringify(member)) };
  });
  const kept: JsonObject = {};
  let bytesLeft = maxEventBytes;
  for (const { member, bytes } of members.toSorted((a, b) => a.bytes - b.bytes)) {
    bytesLeft -= bytes;
    if (bytesLeft < 0) break;
    Object.assign(kept, member);
  }
  return kept;
}

function shorten(value: JsonValue, maxChars: number, maxItems: number): JsonValue {
  if (typeof value === 'string') return cut(value, maxChars);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, maxItems).map((each) => shorten(each, maxChars, maxItems));
  const members = Object.entries(value).slice(0, maxItems);
  return Object.fromEntries(members.map(([key, each]) => [cut(key, 256), shorten(each, maxChars, maxItems)]));
}
