import type { LayerOptions } from '@tidewaiter/analyzers';

import type { PackedLayer } from './packed-layer.js';

/** Options of a layer as JSON. */
export interface SentOptions extends Omit<LayerOptions, 'progressed' | 'secretKey'> {
  /** Base64. */
  secretKey?: string;
}

export function writeOptions({ progressed: _, secretKey, ...options }: LayerOptions): SentOptions {
  return { ...options, ...(secretKey && { secretKey: Buffer.from(secretKey).toString('base64') }) };
}

export function readOptions({ secretKey, ...options }: SentOptions): LayerOptions {
  return { ...options, ...(secretKey !== undefined && { secretKey: Buffer.from(secretKey, 'base64') }) };
}

type Head = Omit<PackedLayer, 'entries' | 'facts'> & { headEntriesBytes: number };

/** Length of the JSON, the JSON, then entries and facts. */
export function encodeResult({ entries, facts, ...layer }: PackedLayer): Uint8Array[] {
  const head = Buffer.from(JSON.stringify({ ...layer, headEntriesBytes: entries.length } satisfies Head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(head.length);
  return [length, head, entries, facts];
}

/**
 * @throws Error for bytes that `encodeResult` does not write: a process that reads hostile bytes is
 * not trusted to be whole
 */
export function decodeResult(payload: Buffer): PackedLayer {
  const headEnd = 4 + payload.readUInt32LE(0);
  const { headEntriesBytes, diffId, uncompressedBytes, entryCount } = JSON.parse(
    payload.toString('utf8', 4, headEnd),
  ) as Head;
  const entriesEnd = headEnd + headEntriesBytes;
  const isValid =
    [headEntriesBytes, uncompressedBytes, entryCount].every((count) => Number.isSafeInteger(count) && count >= 0) &&
    /^sha256:[0-9a-f]{64}$/.test(diffId) &&
    entriesEnd <= payload.length;
  if (!isValid) throw new Error('result of a layer in an unknown form');
  const entries = payload.subarray(headEnd, entriesEnd);
  return { diffId, uncompressedBytes, entryCount, entries, facts: payload.subarray(entriesEnd) };
}
