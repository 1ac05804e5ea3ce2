import type { PackageRecord } from '@tidewaiter/domain';

import { coreRepository } from './conditions.js';
import type { CpeLookup } from './repository-map.js';

/** Repositories of a package, or those that its image has enabled. */
export function repositoriesOf({ qualifiers }: Pick<PackageRecord, 'qualifiers'>): string[] {
  return qualifiers?.['repository_id']?.split(',') ?? [];
}

/** Repositories of Amazon Linux, by the ids in the configuration of yum and dnf. */
const amazonIds: readonly (readonly [pattern: RegExp, release: RegExp, repository?: string])[] = [
  [/^amzn-(?:main|updates)$/, /^1$/, coreRepository],
  [/^amzn2-core$/, /^2$/, coreRepository],
  [/^amzn2extra-([\w.+-]{1,100})$/, /^2$/],
  [/^amazonlinux$/, /^20\d{2}$/, coreRepository],
  [/^amazonlinux-([\w.+-]{1,100})$/, /^20\d{2}$/],
  [/^(kernel-livepatch)$/, /^20\d{2}$/],
];

/**
 * Repository of a package of Amazon Linux; one of another release is a repository that no advisory
 * of this release is about.
 */
export function amazonRepository(id: string, release: string | null): string | undefined {
  const binary = id.replace(/-(?:debuginfo|source)$/, '');
  for (const [pattern, releases, fixed] of amazonIds) {
    const [found, name] = pattern.exec(binary) ?? [];
    if (found === undefined) continue;
    if (!releases.test(release ?? '')) return `other/${binary}`;
    return fixed ?? (binary.startsWith('amzn2extra-') ? `extras/${name}` : name);
  }
  return undefined;
}

/** Products of extended support, by their part of the ids of repositories. */
const extended: ReadonlyMap<string, string> = new Map([
  ['aus', 'rhel_aus'],
  ['e4s', 'rhel_e4s'],
  ['eus', 'rhel_eus'],
  ['tus', 'rhel_tus'],
]);

const redHatIds = {
  /** `rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2`, `codeready-builder-for-rhel-8-x86_64-rpms` */
  current:
    /^(?:rhel-([89]|[1-9]\d)-for-\w{1,20}|(codeready-builder)-for-rhel-([89]|[1-9]\d)-\w{1,20})(?:-([a-z]{1,30}))?(?:-(aus|e4s|eus|tus))?-(?:debug-|source-)?rpms(?:__(\d{1,2})_DOT_(\d{1,2}))?$/,
  /** `rhel-7-server-optional-rpms`, `rhel-7-workstation-rpms` */
  old: /^rhel-([67])-(server|workstation|client|computenode)(?:-for-(?:arm-64|power|power-le|system-z))?(?:-optional)?(?:-fastrack)?-(?:debug-|source-)?rpms$/,
  /** `ubi-9-appstream-rpms`, `ubi-8-codeready-builder` */
  ubi: /^ubi-(\d{1,2})-(baseos|appstream|codeready-builder)(?:-debug|-source)?(?:-rpms)?$/,
};

/**
 * CPEs of repositories of Red Hat, by its map, else by the form of their ids, or of CPEs
 * themselves, as labels of images name them; undefined if none is known.
 */
export function redHatCpes(ids: readonly string[], lookup: CpeLookup): readonly string[] | undefined {
  const cpes = ids.flatMap((id) => (id.startsWith('cpe:/') ? id : (lookup(id) ?? redHatCpe(id) ?? [])));
  return cpes.length === 0 ? undefined : cpes;
}

function redHatCpe(id: string): string | undefined {
  const [ubi, ubiRelease, ubiEdition] = redHatIds.ubi.exec(id) ?? [];
  if (ubi !== undefined) return cpeOf('enterprise_linux', ubiRelease!, ubiEdition!);
  const [old, oldRelease, variant] = redHatIds.old.exec(id) ?? [];
  if (old !== undefined) return cpeOf('enterprise_linux', oldRelease!, variant!);
  const [current, release, builder, builderRelease, word, support, major, minor] = redHatIds.current.exec(id) ?? [];
  if (current === undefined) return undefined;
  // After `codeready-builder…` the only word is the support.
  const kind = support ?? (builder !== undefined && extended.has(word ?? '') ? word : undefined);
  const edition = builder ?? word ?? '';
  if (kind === undefined) return cpeOf('enterprise_linux', release ?? builderRelease!, edition);
  return major === undefined ? undefined : cpeOf(extended.get(kind)!, `${major}.${minor}`, edition);
}

function cpeOf(product: string, version: string, edition: string): string {
  const part = edition === 'baseos' || edition === 'server' ? 'o' : 'a';
  return `cpe:/${part}:redhat:${product}:${version}::${edition === 'codeready-builder' ? 'crb' : edition}`;
}
