import type { Digest, Platform } from '@tidewaiter/domain';

import type { Descriptor, ImageIndex } from './manifest.js';

/** Names of architectures that containerd takes for another name, with the variant that one has. */
const aliases = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['i386', '386'],
  ['armhf', 'arm/v7'],
  ['armel', 'arm/v6'],
]);

/** Levels of an architecture's variants: the one without a name, and the lowest. */
const levels = new Map([
  ['amd64', { usual: 1, lowest: 1 }],
  ['arm64', { usual: 8, lowest: 8 }],
  ['arm', { usual: 7, lowest: 5 }],
]);

/** Platform of another architecture that a machine runs where an index has nothing better. */
const fallbacks = new Map([
  ['amd64', '386'],
  ['arm64', 'arm/v8'],
]);

/**
 * Manifests of an index that machines of the wanted platforms would run, in the index's order;
 * empty without any. For each platform these are all children of the best platform that the index
 * has: a runtime that finds no arm64 runs arm/v7. A child without a platform may run anywhere and
 * is kept; BuildKit's attestations (`unknown/unknown`) are not images.
 * @see
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions
 * and https://github.com/containerd/platforms/blob/main/compare.go for the order of platforms
 */
export function choosePlatforms(index: ImageIndex, wanted: readonly Platform[]): Descriptor[] {
  const images = index.manifests.filter((child) => !isAttestation(child));
  const offered = new Set(
    images.flatMap(({ platform }) => (platform === undefined ? [] : canonicalPlatform(platform))),
  );
  const chosen = new Set(
    wanted.flatMap((each) => runnable(canonicalPlatform(each)).find((one) => offered.has(one)) ?? []),
  );
  return images.filter(({ platform }) => platform === undefined || chosen.has(canonicalPlatform(platform)));
}

/**
 * Manifests of an index that hold what BuildKit attests of one of its images.
 * @see
 * https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md#attestation-manifest-descriptor
 */
export function attestationsOf(index: ImageIndex, image: Digest): Descriptor[] {
  return index.manifests.filter(
    (child) =>
      isAttestation(child) &&
      child.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
      child.annotations['vnd.docker.reference.digest'] === image,
  );
}

/**
 * Whether a child of an index describes another child instead of being an image. Runtimes check
 * only the platform, and without one that of the config: annotations prove nothing.
 */
function isAttestation({ platform }: Descriptor): boolean {
  return platform === 'unknown/unknown';
}

/** Formats a platform as containerd does: its usual names, without the usual variant. */
function canonicalPlatform(platform: Platform): Platform {
  const [system = '', machine = '', given = ''] = platform.toLowerCase().split('/');
  const [architecture = '', implied] = (aliases.get(machine) ?? machine).split('/');
  const variant = implied ?? (/^\d/.test(given) ? `v${given}` : given);
  const isUsual = variant === '' || variant === `v${levels.get(architecture)?.usual}`;
  return `${system}/${architecture}${isUsual ? '' : `/${variant}`}`;
}

/** Canonical platforms that a machine of this one runs, the best first. */
function runnable(platform: Platform): Platform[] {
  const [system = '', architecture = '', variant] = platform.split('/');
  const { usual, lowest } = levels.get(architecture) ?? { usual: 0, lowest: Infinity };
  const below: Platform[] = [];
  for (let level = (variant === undefined ? usual : Number(variant.slice(1))) - 1; level >= lowest; level -= 1)
    below.push(canonicalPlatform(`${system}/${architecture}/v${level}`));
  const fallback = fallbacks.get(architecture);
  return [platform, ...below, ...(fallback === undefined ? [] : runnable(`${system}/${fallback}`))];
}
