import { NotFound } from '@tidewaiter/domain';

import { LayerCollector, type FileSink } from './layer-collector.js';
import type { LayerContent } from './layer.js';
import { layerLimits } from './limits.js';
import type { TarMember } from './tar.js';
import { WarningList } from './warning.js';

/** Entry of a file tree without layers. */
export interface TreeMember extends TarMember {
  /**
   * Content of a file; may be shorter than `size`, and throws NotFound if the file cannot be read.
   */
  content?: AsyncIterable<Buffer>;
}

/**
 * Reads a file tree as `readLayer` reads a layer.
 * @throws LimitExceeded with the name of one of `layerLimits`
 */
export async function readTree(
  members: AsyncIterable<TreeMember>,
  sink: FileSink,
): Promise<Omit<LayerContent, 'diffId'>> {
  const warnings = new WarningList();
  const collector = new LayerCollector(sink, layerLimits, warnings);
  let uncompressedBytes = 0;
  for await (const { content, ...member } of members) {
    collector.start(member);
    try {
      await fill(collector, member.size, content, sink);
      collector.end();
      await sink.settle?.();
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      warnings.add('UNREADABLE', member.name, error.message);
      collector.abandon();
    }
    uncompressedBytes += member.size;
  }
  return { ...collector.result(), warnings: warnings.toArray(), uncompressedBytes };
}

async function fill(
  collector: LayerCollector,
  sizeBytes: number,
  content: AsyncIterable<Buffer> | undefined,
  { settle }: FileSink,
): Promise<void> {
  let missing = sizeBytes;
  for await (const piece of content ?? []) {
    const expected = piece.subarray(0, missing);
    if (expected.length > 0) collector.data(expected);
    missing -= expected.length;
    const settled = settle?.();
    if (settled) await settled;
  }
  // The file was truncated after its size was read.
  if (missing > 0) collector.hole(missing);
}
