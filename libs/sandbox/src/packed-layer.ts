import { analyzeLayer, encodeFacts, type LayerOptions } from '@tidewaiter/analyzers';
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

/** Reads one layer in this thread, as `analyzeLayer` does. */
export async function packLayer(open: () => AsyncIterable<Uint8Array>, options: LayerOptions): Promise<PackedLayer> {
  const { diffId, uncompressedBytes, entries, facts } = await analyzeLayer(open, options);
  const packed = { entries: encodeEntries(entries), facts: encodeFacts(facts) };
  return { diffId, uncompressedBytes, entryCount: entries.length, ...packed };
}
