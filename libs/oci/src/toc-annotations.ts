import { InvalidInput, printable } from '@tidewaiter/domain';

import type { Descriptor, ImageManifest } from './manifest.js';
import { tailBytes, tocPlace } from './toc-footer.js';

/** `offset:length:length of its JSON:type` of a layer's table, under the names of two tools. */
const positions = [
  'io.github.containers.zstd-chunked.manifest-position',
  'io.containers.zstd-chunked.manifest-position',
];
/** Layers of snapshotters that mount other content than a tar: Nydus, overlaybd. */
const ofSnapshotter = /^containerd\.io\/snapshot\/(?:nydus|overlaybd)\b/;

/**
 * Checks what the annotations of layers claim about their content. Podman looks for a table of
 * contents where the manifest says, whereas the layer is compared with the one of its footer.
 * @param endOf reads the last bytes of a layer; null for one that is missing
 * @throws InvalidInput `TOC_MISMATCH`, `SNAPSHOT_UNSUPPORTED`
 * @see https://github.com/containers/storage/blob/main/docs/containers-storage-zstd-chunked.md
 */
export async function verifyTocAnnotations(
  { layers }: ImageManifest,
  endOf: (layer: Descriptor, bytes: number) => Promise<Buffer | null>,
): Promise<void> {
  for (const layer of layers) {
    const { annotations = {}, digest, size } = layer;
    const foreign = Object.keys(annotations).find((name) => ofSnapshotter.test(name));
    if (foreign !== undefined)
      throw new InvalidInput(
        'SNAPSHOT_UNSUPPORTED',
        `layer ${digest} is for a snapshotter: ${printable(foreign, 100)}`,
      );
    const claims = positions.flatMap((name) => annotations[name] ?? []);
    const end = claims.length > 0 ? await endOf(layer, tailBytes) : null;
    if (end === null) continue;
    const place = tocPlace(end, size);
    const known = typeof place === 'object' ? `${place.start}:${place.end - place.start}:` : undefined;
    if (known === undefined || !claims.every((claim) => claim.startsWith(known)))
      throw new InvalidInput('TOC_MISMATCH', `the manifest names another table of contents than layer ${digest} has`);
  }
}

/** Last bytes of a blob. */
export async function lastBytes(blob: AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer> {
  let last: Buffer = Buffer.alloc(0);
  for await (const chunk of blob) last = Buffer.concat([last, chunk.subarray(-bytes)]).subarray(-bytes);
  return last;
}
