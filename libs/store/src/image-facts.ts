import { Injectable } from '@nestjs/common';
import type { Digest, Provenance } from '@tidewaiter/domain';
import type { ImageFacts, KnownSecret, KnownVulnerability, PreviousImage } from '@tidewaiter/facts';
import type { KeptConfig, PushChanges } from '@tidewaiter/integrity';

import { Findings, type ImageFinding } from './findings.js';
import { ImageManifests } from './image-manifests.js';
import { Images } from './images.js';
import { Provenances, type StoredProvenance } from './provenances.js';
import { PushDifferences } from './push-differences.js';
import type { RepositoryPlace } from './pushes.js';
import { Store } from './store.js';

/** Facts, and about how much memory they take. */
export interface LoadedFacts {
  facts: ImageFacts;
  bytes: number;
}

interface TaggedPush extends RepositoryPlace {
  id: string;
  registryHost: string | null;
  tag: string | null;
  pushedBy: string | null;
  pushedAt: Date;
}

interface EarlierImage {
  digest: Digest;
  pushedBy: string | null;
}

/** Of what a tag pointed to before. */
const maxPrevious = 5;

/** Who vouches for images, and what their tags pointed to before. */
@Injectable()
export class ImageOrigins {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly manifests: ImageManifests,
    private readonly provenances: Provenances,
    private readonly differences: PushDifferences,
  ) {}

  async of(digest: Digest, platform: string, push: TaggedPush) {
    const own = await this.provenances.get(push, digest);
    const earlier = await this.#earlier(push, digest, platform);
    const before = earlier[0] ? await this.provenances.get(push, earlier[0].digest) : null;
    const files = earlier[0] ? await this.manifests.get(earlier[0].digest) : null;
    const changes = earlier.length > 0 ? await this.differences.of(push.id) : null;
    const previous = await Promise.all(
      earlier.map(async (each, index): Promise<PreviousImage> => {
        const config = await this.images.configOf(each.digest);
        const isNewest = index === 0;
        return {
          ...each,
          signed: isNewest ? isSigned(before) : null,
          entrypoint: config && entrypointOf(config),
          files: isNewest ? files : null,
          ...(isNewest ? changedFiles(changes) : { addedFiles: [], changedFiles: [] }),
        };
      }),
    );
    return {
      signed: isSigned(own),
      signerChanged: signerChanged(before, own),
      provenanceVerified: own && own.attestations.some(({ kind, verified }) => kind === 'provenance' && verified),
      previous,
      bytes: files?.bytes.length ?? 0,
    };
  }

  /** The images of the same platform that the tag pointed to before the image came, newest first. */
  async #earlier(push: TaggedPush, digest: Digest, platform: string): Promise<EarlierImage[]> {
    if (push.tag === null) return [];
    return this.store.query<EarlierImage>(
      `SELECT image.digest, past.actor AS "pushedBy" FROM (
         SELECT DISTINCT ON (past.digest) past.digest, past.actor, past.at, past.push_id FROM tag_ledger AS past
         WHERE (connection, repository, tag) = ($1, $2, $3) AND past.digest IS NOT NULL
           AND at < (SELECT at FROM tag_ledger WHERE push_id = $4)
         ORDER BY past.digest, past.at DESC) AS past
       JOIN push_image USING (push_id) JOIN image ON image.digest = image_digest
       WHERE platform = $5 AND image.digest <> $6 ORDER BY past.at DESC LIMIT ${maxPrevious}`,
      [push.connection, push.repository, push.tag, push.id, platform, digest],
    );
  }
}

/** Everything that rules may ask of an image, put together from what the scanner keeps. */
@Injectable()
export class ImageFactsOf {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly manifests: ImageManifests,
    private readonly findings: Findings,
    private readonly origins: ImageOrigins,
  ) {}

  /** Null of an image that was not analysed, or whose files are not known. */
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
      secrets: findings.filter(({ kind }) => kind === 'secret').map(secretOf),
      flagged: flaggedOf(present),
    };
    return { facts, bytes: files.bytes.length + (origin?.bytes ?? 0) + bytesPerFinding * findings.length };
  }

  /** The images in which a secret of a fingerprint lies, newest first. */
  async withSecret(fingerprint: string): Promise<{ digest: Digest; secret: KnownSecret } | null> {
    const [row] = await this.store.query<{ digest: Digest; finding: ImageFinding }>(
      `SELECT image_digest AS digest, finding FROM image_finding JOIN image ON image.digest = image_digest
       WHERE finding -> 'evidence' ->> 'valueFingerprint' = $1 ORDER BY analyzed_at DESC NULLS LAST, image_digest LIMIT 1`,
      [fingerprint],
    );
    return row ? { digest: row.digest, secret: secretOf(row.finding) } : null;
  }

  /** The newest push of an image, one with a tag before others. */
  async #newestPush(digest: Digest): Promise<TaggedPush | null> {
    const [push] = await this.store.query<TaggedPush>(
      `SELECT push.id, connection, repository, registry_host AS "registryHost", tag, pushed_by AS "pushedBy",
         coalesce(pushed_at, received_at) AS "pushedAt"
       FROM push JOIN push_image ON push_id = push.id WHERE image_digest = $1 AND state = 'analyzed'
       ORDER BY tag IS NULL, push.id DESC LIMIT 1`,
      [digest],
    );
    return push ?? null;
  }
}

/** About what the objects of a finding take. */
const bytesPerFinding = 512;

function isSigned(known: Provenance | null): boolean | null {
  return known && known.signatures.some(({ verified }) => verified);
}

/** Null where the one before was not signed, or one of the two was never looked at. */
function signerChanged(before: StoredProvenance | null, own: StoredProvenance | null): boolean | null {
  const earlier = signersOf(before);
  if (earlier.size === 0 || own === null) return null;
  return ![...signersOf(own)].some((signer) => earlier.has(signer));
}

function signersOf(known: Provenance | null): Set<string> {
  const signers = known?.signatures.flatMap(({ verified, signer }) => (verified && signer ? [signer] : [])) ?? [];
  return new Set(signers.map(({ keyFingerprint, identity, issuer }) => keyFingerprint ?? `${issuer}\n${identity}`));
}

/** The most telling ones: a push keeps no more of them. */
function changedFiles(changes: PushChanges | null): Pick<PreviousImage, 'addedFiles' | 'changedFiles'> {
  const files = changes?.files?.items ?? [];
  const those = (isWanted: (change: string) => boolean) =>
    files.filter(({ change }) => isWanted(change)).map(({ path }) => `/${path}`);
  return {
    addedFiles: those((change) => change === 'added'),
    changedFiles: those((change) => change === 'content' || change === 'type'),
  };
}

/** The program alone: what it is given may be a secret, and is not kept. */
function entrypointOf(config: KeptConfig | null): string[] {
  const of = (name: string) => config?.settings.find(({ field }) => field === name)?.shown ?? '';
  const program = (of('entrypoint') || of('cmd')).replace(/ with \d+ arguments?$/, '');
  return program === '' ? [] : [program];
}

function vulnerabilitiesOf(findings: readonly ImageFinding[]): ImageFacts['vulnerabilities'] {
  const known = new Map<string, KnownVulnerability[]>();
  const add = (key: string, vulnerability: KnownVulnerability) => {
    const ofKey = known.get(key) ?? [];
    if (!ofKey.some(({ id }) => id === vulnerability.id)) ofKey.push(vulnerability);
    known.set(key, ofKey);
  };
  for (const { kind, id, severity, kev, epss, packageName, path } of findings) {
    if (kind !== 'vulnerability') continue;
    const vulnerability = { id, severity, kev, epss };
    if (packageName !== null) add(packageName, vulnerability);
    if (path !== null) add(`/${path}`, vulnerability);
  }
  return known;
}

function secretOf({ id, path, evidence }: Pick<ImageFinding, 'id' | 'path' | 'evidence'>): KnownSecret {
  const { valueFingerprint } = evidence;
  const fingerprint = typeof valueFingerprint === 'string' ? valueFingerprint : null;
  return { id, path: path && `/${path}`, fingerprint, accessKeyId: null };
}

/** Of one path what is worst: malware, then what findings come first. */
function flaggedOf(findings: readonly ImageFinding[]): ImageFacts['flagged'] {
  const flagged = new Map<string, { kind: 'integrity' | 'malware'; id: string }>();
  for (const wanted of ['malware', 'integrity'] as const) {
    for (const { kind, id, path } of findings) {
      if (kind === wanted && path !== null && !flagged.has(`/${path}`)) flagged.set(`/${path}`, { kind: wanted, id });
    }
  }
  return flagged;
}
