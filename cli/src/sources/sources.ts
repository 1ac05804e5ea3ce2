import { dockerArchive } from './docker-archive.js';
import { dockerfile } from './dockerfile.js';
import type { ImageSource, SourceKind, SourceOptions } from './image-source.js';
import { kubernetes } from './kubernetes.js';
import { ociArchive } from './oci-archive.js';
import { ociLayout } from './oci-layout.js';
import { registry } from './registry.js';
import { rootfs } from './rootfs.js';
import { sbom } from './sbom.js';

/** Every way to name an image. */
export const sourceKinds: readonly SourceKind[] = [
  registry,
  ociLayout,
  ociArchive,
  dockerArchive,
  rootfs,
  sbom,
  dockerfile,
  kubernetes,
];

/** Opens what a target names: `SCHEME:LOCATION`, or the name of an image in a registry. */
export async function openSource(target: string, options: SourceOptions): Promise<ImageSource> {
  const kind = sourceKinds.find(({ scheme }) => target.startsWith(`${scheme}:`));
  // An image may be called `oci` or `docker`; its tag is no path and no `//`.
  if (!kind || (kind === registry && !target.startsWith('docker://'))) return registry.open(target, options);
  return kind.open(target.slice(kind.scheme.length + 1), options);
}
