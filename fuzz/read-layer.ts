import { analyzeLayer, inventory } from '@tidewaiter/analyzers';
import { decodeEntries, encodeEntries, type EntryTable, overlay } from '@tidewaiter/oci';

const mediaType = 'application/vnd.oci.image.layer.v1.tar';
/** Lawful layers may cost more than one input of many may. */
const limits = { maxUncompressedBytes: 64 << 20, maxSparseBytes: 4 << 20 };
/** No block of a tar ends where a piece does. */
const pieceBytes = 1000;

/** Reads a layer and then an image of it, laid over itself. */
export async function readLayerInput(input: Buffer): Promise<unknown> {
  const layer = await analyzeLayer(() => pieces(input), { mediaType, limits });
  const entries = decodeEntries(Buffer.concat([...encodeEntries(layer.entries.pages())]));
  const found = inventory([layer, { ...layer, entries }], overlay([layer.entries, entries]));
  return { layer: { ...layer, entries: plainEntries(entries) }, inventory: found };
}

/** A table of entries as plain JSON. */
export function plainEntries(entries: EntryTable): unknown {
  return JSON.parse(JSON.stringify([...entries]));
}

async function* pieces(input: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < input.length; at += pieceBytes) yield input.subarray(at, at + pieceBytes);
}
