import { notePathOf } from './bare-path.js';
import type { ImageSource, SourceKind, SourceOptions } from './image-source.js';

/** Every way to name an image, by its scheme; only the one that is used is loaded. */
const kinds: Readonly<Record<string, () => Promise<SourceKind>>> = {
  docker: async () => (await import('./registry.js')).registry,
  oci: async () => (await import('./oci-layout.js')).ociLayout,
  'oci-archive': async () => (await import('./oci-archive.js')).ociArchive,
  'docker-archive': async () => (await import('./docker-archive.js')).dockerArchive,
  rootfs: async () => (await import('./rootfs.js')).rootfs,
  sbom: async () => (await import('./sbom.js')).sbom,
  dockerfile: async () => (await import('./dockerfile.js')).dockerfile,
  k8s: async () => (await import('./kubernetes.js')).kubernetes,
};

/** Part of a target before the colon. */
export const schemes: readonly string[] = Object.keys(kinds);

/** Opens what a target names: `SCHEME:LOCATION`, or the name of an image in a registry. */
export async function openSource(target: string, options: SourceOptions): Promise<ImageSource> {
  const scheme = schemes.find((each) => target.startsWith(`${each}:`));
  // An image may be called `oci` or `docker`; its tag is no path and no `//`.
  if (scheme === undefined || (scheme === 'docker' && !target.startsWith('docker://'))) {
    const { registry } = await import('./registry.js');
    return await registry.open(target, options).catch(async (error: unknown) => {
      await notePathOf(target);
      throw error;
    });
  }
  const kind = await kinds[scheme]!();
  return kind.open(target.slice(scheme.length + 1), options);
}
