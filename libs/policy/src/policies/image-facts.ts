import {
  type Finding,
  type ImagePackage,
  type FindingLocation,
  isGating,
  locationsOf,
  type OsRelease,
  type Provenance,
  publishedAt,
} from '@tidewaiter/domain';

import type { ImageIdentity } from '../evaluated-image.js';
import type { FindingFacts, LocationFacts, PolicyImage, PackageFacts, ProvenanceFacts } from './facts.js';

/** Claims of the image config about itself; null if it has none. */
export interface ImageClaims {
  digest: string | null;
  platform: string | null;
  os: OsRelease | null;
  createdAt: Date | null;
  baseCreatedAt: Date | null;
  user: string | null;
  labels: Record<string, string> | null;
}

export function imageFacts({ reference, tag }: ImageIdentity, claims: ImageClaims): PolicyImage {
  const { digest, platform, os, createdAt, baseCreatedAt, user, labels } = claims;
  return {
    reference,
    ...(tag !== null && { tag }),
    ...(digest !== null && { digest }),
    ...(platform !== null && { platform }),
    ...(os !== null && { os: { id: os.id, ...(os.versionId !== undefined && { versionId: os.versionId }) } }),
    ...(createdAt !== null && { createdAt }),
    ...(baseCreatedAt !== null && { baseCreatedAt }),
    ...(user !== null && { user }),
    ...(labels !== null && { labels }),
  };
}

/** Finding with KEV and EPSS data, if they were looked up. */
type RatedFinding = Finding & { kev?: boolean; epss?: number | null };

/**
 * Converts findings to policy facts. Nearly every CVE has an EPSS score: if no finding has one, the
 * data was not looked up, and `kev` is unknown.
 */
export function findingFacts(findings: readonly RatedFinding[]): FindingFacts[] {
  const isKevKnown = findings.some(({ kev, epss }) => kev === true || epss != null);
  return findings.map((finding) => factsOf(finding, isKevKnown));
}

function factsOf(finding: RatedFinding, isKevKnown: boolean): FindingFacts {
  const { kind, id, aliases, severity, title, fingerprint, confidence, fix, cvss, kev, epss } = finding;
  const { reachability = 'unknown' } = finding;
  const published = publishedAt(finding);
  return {
    ...{ kind, id, aliases, severity, title, fingerprint, confidence, reachability },
    counted: isGating(finding),
    fixable: fix.state === 'fixed',
    ...textFacts(finding),
    ...(finding.layer !== null && { layer: finding.layer }),
    ...(fix.version !== null && { fixedIn: fix.version }),
    ...(cvss && { cvss: cvss.score }),
    ...(isKevKnown && kev !== undefined && { kev }),
    ...(epss != null && { epss }),
    ...(published && { published }),
    locations: locationsOf(finding)
      .filter(({ path }) => finding.kind === 'secret' || path !== null)
      .map(locationFacts),
  };
}

function locationFacts(location: FindingLocation): LocationFacts {
  const { rule, title, severity, confidence, origin, path, line, layer, state } = location;
  return {
    ...{ rule, title, severity, confidence, origin, deleted: state === 'shadowed' },
    ...(path !== null && { path }),
    ...(line !== undefined && { line }),
    ...(layer !== null && { layer }),
  };
}

function textFacts({ packageName, installedVersion, purl, path }: Finding): Partial<FindingFacts> {
  return {
    ...(packageName !== null && { package: packageName }),
    ...(installedVersion !== null && { version: installedVersion }),
    ...(purl !== null && { purl }),
    ...(path !== null && { path }),
  };
}

export function packageFacts({ purl, type, name, version, licenses, state }: ImagePackage): PackageFacts {
  return { purl, type, name, version, licenses, counted: state === 'present' };
}

/** Provenance facts of verified signatures and attestations only. */
export function provenanceFacts({ signatures, attestations }: Provenance): ProvenanceFacts {
  const signers = new Set([...signatures, ...attestations].flatMap(({ signer }) => signer?.name ?? []));
  const stated = (fact: 'builder' | 'source' | 'revision') => [
    ...new Set(attestations.flatMap((each) => (each.verified ? (each[fact] ?? []) : []))),
  ];
  return {
    signed: signers.size > 0,
    signers: [...signers],
    builders: stated('builder'),
    sources: stated('source'),
    revisions: stated('revision'),
  };
}
