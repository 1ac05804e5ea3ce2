import { LayerCollector, type FileSink } from './layer-collector.js';
import type { LayerContent } from './layer.js';
import { layerLimits, type LayerLimits } from './limits.js';
import type { TarMember } from './tar.js';
import { WarningList } from './warning.js';

/** One entry of a file tree that is no layer. */
export interface TreeMember extends TarMember {
  /** Of a file. */
  content?: AsyncIterable<Buffer>;
}

/**
 * Reads a file tree as `readLayer` reads a layer.
 * @throws LimitExceeded with the name of one of `layerLimits`
 */
export async function readTree(
  members: AsyncIterable<TreeMember>,
  sink: FileSink,
  limits: LayerLimits = layerLimits,
): Promise<Omit<LayerContent, 'diffId'>> {
  const warnings = new WarningList();
  const collector = new LayerCollector(sink, limits, warnings);
  let uncompressedBytes = 0;
  for await (const { content, ...member } of members) {
    collector.start(member);
    let missing = member.size;
    for await (const piece of content ?? []) {
      const expected = piece.subarray(0, missing);
      if (expected.length > 0) collector.data(expected);
      missing -= expected.length;
    }
    // It became shorter since its size was asked.
    if (missing > 0) collector.hole(missing);
    collector.end();
    uncompressedBytes += member.size;
  }
  return { ...collector.result(), warnings: warnings.toArray(), uncompressedBytes };
}
