import { Injectable } from '@nestjs/common';
import { type Digest, type Finding, isAtLeast, locationsOf } from '@tidewaiter/domain';
import {
  type ImageFacts,
  isJavaArchive,
  isMalwareAdvisory,
  type SecretView,
  type VulnerabilityView,
} from '@tidewaiter/facts';

import { Store } from '../core/store.js';
import { Findings, type ImageFinding } from './findings.js';
import { ImageManifests } from './image-manifests.js';
import { entrypointOf, ImageOrigins, type TaggedPush, taggedPushColumns } from './image-origins.js';
import { Images } from './images.js';
import { holdsSecret } from './secret-lookup.js';

/** Facts with their approximate size in memory. */
export interface LoadedFacts {
  facts: ImageFacts;
  bytes: number;
}

/** Facts about an image for detection rules, assembled from the scanner's tables. */
@Injectable()
export class ImageFactsOf {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly manifests: ImageManifests,
    private readonly findings: Findings,
    private readonly origins: ImageOrigins,
  ) {}

  /** Loads the facts of an image; null if it was not analyzed or its files are not known. */
  async load(digest: Digest): Promise<LoadedFacts | null> {
    const image = await this.images.get(digest);
    if (image?.analyzersVersion == null) return null;
    const files = await this.manifests.get(digest);
    if (files === null) return null;
    const [findings, config, push] = await Promise.all([
      this.findings.of([digest]),
      this.images.configOf(digest),
      this.#newestPush(digest),
    ]);
    const origin = push && (await this.origins.of(digest, image.platform, push));
    const present = findings.filter(({ state }) => state === 'present');
    const facts: ImageFacts = {
      digest,
      repository: push && `${push.registryHost ?? push.connection}/${push.repository}`,
      tag: push?.tag ?? null,
      createdAt: image.createdAt?.toISOString() ?? null,
      pushedAt: push?.pushedAt.toISOString() ?? null,
      pushedBy: push?.pushedBy ?? null,
      files,
      entrypoint: entrypointOf(config),
      user: image.user,
      signed: origin?.signed ?? null,
      signerChanged: origin?.signerChanged ?? null,
      provenanceVerified: origin?.provenanceVerified ?? null,
      previous: origin?.previous ?? [],
      vulnerabilities: vulnerabilitiesOf(present),
      // A secret that a later layer hides is still in the image.
      secrets: findings.filter(({ kind }) => kind === 'secret').flatMap(secretsOf),
      flagged: flaggedOf(present),
      supplyChain: supplyChainOf(present),
    };
    return { facts, bytes: files.bytes.length + (origin?.bytes ?? 0) + bytesPerFinding * findings.length };
  }

  /** Most recently analyzed image that holds a secret with this fingerprint. */
  async withSecret(fingerprint: string): Promise<{ digest: Digest; secret: SecretView } | null> {
    const [row] = await this.store.aggregate<{ digest: Digest; finding: ImageFinding }>(
      `SELECT image_digest AS digest, finding FROM image_finding JOIN image ON image.digest = image_digest
       WHERE ${holdsSecret('$1')} ORDER BY analyzed_at DESC NULLS LAST, image_digest LIMIT 1`,
      [[fingerprint]],
    );
    const secret = row && secretsOf(row.finding).find((each) => each.fingerprint === fingerprint);
    return secret ? { digest: row.digest, secret } : null;
  }

  /** Newest push of an image, preferring pushes with a tag. */
  async #newestPush(digest: Digest): Promise<TaggedPush | null> {
    const [push] = await this.store.rows(
      taggedPushColumns,
      `FROM push JOIN push_image ON push_id = push.id WHERE image_digest = $1 AND state = 'analyzed'
       ORDER BY tag IS NULL, push.id DESC LIMIT 1`,
      [digest],
    );
    return push ?? null;
  }
}

/** Approximate size of a finding in memory. */
const bytesPerFinding = 512;

function vulnerabilitiesOf(findings: readonly ImageFinding[]): ImageFacts['vulnerabilities'] {
  const known = new Map<string, VulnerabilityView[]>();
  const add = (key: string, vulnerability: VulnerabilityView) => {
    const ofKey = known.get(key) ?? [];
    if (!ofKey.some(({ id, location }) => id === vulnerability.id && location === vulnerability.location))
      ofKey.push(vulnerability);
    known.set(key, ofKey);
  };
  for (const { kind, id, severity, kev, epss, packageName, path, evidence } of findings) {
    // Removal of the vulnerable class rules out an attack on it.
    if (kind !== 'vulnerability' || evidence['mitigation'] !== undefined) continue;
    const file = path?.split('!/', 1)[0];
    const location = file !== undefined && isJavaArchive(file) ? `/${path}` : null;
    const vulnerability = { id, severity, kev, epss, location, isMalicious: isMalwareAdvisory(id) };
    if (packageName !== null) add(packageName, vulnerability);
    if (path !== null) for (const place of new Set([path, file])) add(`/${place}`, vulnerability);
  }
  return known;
}

/** One for each place, as rules ask for the file that a process reads. */
function secretsOf(finding: Finding): SecretView[] {
  const common = finding.evidence['valueFingerprint'];
  return locationsOf(finding).map(({ rule, path, valueFingerprint = common }) => ({
    id: rule,
    path: path && `/${path}`,
    fingerprint: typeof valueFingerprint === 'string' ? valueFingerprint : null,
    accessKeyId: null,
  }));
}

function supplyChainOf(findings: readonly ImageFinding[]): string[] {
  const counting = findings.filter(({ kind, severity }) => kind === 'supply-chain' && isAtLeast(severity, 'medium'));
  return [...new Set(counting.map(({ id }) => id))].toSorted();
}

/** Worst finding of each path: malware first, then the order of the findings. */
function flaggedOf(findings: readonly ImageFinding[]): ImageFacts['flagged'] {
  const flagged = new Map<string, { kind: 'integrity' | 'malware'; id: string }>();
  for (const wanted of ['malware', 'integrity'] as const) {
    for (const { kind, id, path } of findings) {
      if (kind === wanted && path !== null && !flagged.has(`/${path}`)) flagged.set(`/${path}`, { kind: wanted, id });
    }
  }
  return flagged;
}
