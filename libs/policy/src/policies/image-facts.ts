import {
  type Finding,
  type ImagePackage,
  isCounted,
  type OsRelease,
  type Provenance,
  publishedAt,
} from '@tidewaiter/domain';

import type { ImageIdentity } from '../judged-image.js';
import type { FindingFacts, ImageFacts, PackageFacts, ProvenanceFacts } from './facts.js';

/** What an image says of itself; what it does not say is left out. */
export interface ImageClaims {
  digest: string | null;
  platform: string | null;
  os: OsRelease | null;
  createdAt: Date | null;
  baseCreatedAt: Date | null;
  user: string | null;
  labels: Record<string, string> | null;
}

export function imageFacts({ reference, tag }: ImageIdentity, claims: ImageClaims): ImageFacts {
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

/** What a catalogue of exploited vulnerabilities and FIRST's scores say, where they were asked. */
type RatedFinding = Finding & { kev?: boolean; epss?: number | null };

/** Findings as policies see them. Nearly every CVE has a score: where none has, nobody asked, and what is exploited is not known. */
export function findingFacts(findings: readonly RatedFinding[]): FindingFacts[] {
  const isKevKnown = findings.some(({ kev, epss }) => kev === true || epss != null);
  return findings.map((finding) => factsOf(finding, isKevKnown));
}

function factsOf(finding: RatedFinding, isKevKnown: boolean): FindingFacts {
  const { kind, id, aliases, severity, title, fingerprint, confidence, fix, cvss, kev, epss } = finding;
  const published = publishedAt(finding);
  return {
    ...{ kind, id, aliases, severity, title, fingerprint, confidence },
    counted: isCounted(finding),
    fixable: fix.state === 'fixed',
    ...textFacts(finding),
    ...(finding.layer !== null && { layer: finding.layer }),
    ...(fix.version !== null && { fixedIn: fix.version }),
    ...(cvss && { cvss: cvss.score }),
    ...(isKevKnown && kev !== undefined && { kev }),
    ...(epss != null && { epss }),
    ...(published && { published }),
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

/** What is verified; what nobody vouches for is no fact. */
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
