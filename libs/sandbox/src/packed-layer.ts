import { encodeFacts, type LayerAnalysis } from '@tidewaiter/analyzers';
import { encodeEntries } from '@tidewaiter/oci';

/** Analysis of a layer, packed for storage. */
export interface PackedLayer {
  diffId: string;
  uncompressedBytes: number;
  entryCount: number;
  /** By `encodeEntries`. */
  entries: Uint8Array;
  /** By `encodeFacts`. */
  facts: Uint8Array;
}

/**
 * Packs the result of one reading of a layer and consumes it: both together would be too much for a
 * million files.
 */
export function packLayer({ diffId, uncompressedBytes, entries, facts }: LayerAnalysis): PackedLayer {
  const entryCount = entries.length;
  const packed = Buffer.concat([...encodeEntries(entries.takePages())]);
  return { diffId, uncompressedBytes, entryCount, entries: packed, facts: encodeFacts(facts) };
}
