import { encodeFacts, type LayerAnalysis } from '@tidewaiter/analyzers';
import { encodeEntries } from '@tidewaiter/oci';

/** What is known of a layer, packed to be kept. */
export interface PackedLayer {
  diffId: string;
  uncompressedBytes: number;
  entryCount: number;
  /** By `encodeEntries`. */
  entries: Uint8Array;
  /** By `encodeFacts`. */
  facts: Uint8Array;
}

/** Packs what one reading of a layer gave, which is used up by that: of a million files both together would be too much. */
export function packLayer({ diffId, uncompressedBytes, entries, facts }: LayerAnalysis): PackedLayer {
  const entryCount = entries.length;
  const packed = Buffer.concat([...encodeEntries(entries.takePages())]);
  return { diffId, uncompressedBytes, entryCount, entries: packed, facts: encodeFacts(facts) };
}
