import { Injectable } from '@nestjs/common';
import type { Digest, Provenance } from '@tidewaiter/domain';
import type { PreviousImage } from '@tidewaiter/facts';
import type { StoredConfig, PushChanges } from '@tidewaiter/integrity';

import { columnsOf, type RowOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { ImageManifests } from './image-manifests.js';
import { Images } from './images.js';
import { Provenances, type StoredProvenance } from './pushes/provenances.js';
import { PushDifferences } from './pushes/push-differences.js';
import { PushRow } from './pushes/push-rows.js';

export const taggedPushColumns = columnsOf(PushRow, {
  of: 'push',
  only: ['id', 'connection', 'repository', 'registryHost', 'tag', 'pushedBy'],
}).computed<{ pushedAt: Date }>({ pushedAt: 'coalesce(pushed_at, received_at)' });

/** A push that gave an image a name. */
export type TaggedPush = RowOf<typeof taggedPushColumns>;

interface EarlierImage {
  digest: Digest;
  isOfTag: boolean;
  pushedBy: string | null;
}

/** Limit on the earlier images of a tag. */
const maxPrevious = 5;

/** Provenance of images, and the images before them. */
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

  /** Earlier images of the tag, or else the release that the push was compared with. */
  async #earlier(push: TaggedPush, digest: Digest, platform: string): Promise<EarlierImage[]> {
    if (push.tag === null) return [];
    const ofTag = await this.#ofTag(push, digest, platform);
    return ofTag.length > 0 ? ofTag : this.#ofRelease(push, digest, platform);
  }

  /** The image of the same platform that the push was compared with. */
  async #ofRelease(push: TaggedPush, digest: Digest, platform: string): Promise<EarlierImage[]> {
    return this.store.aggregate<EarlierImage>(
      `WITH baseline AS (SELECT compared_with ->> 'tag' AS tag, compared_with ->> 'digest' AS digest FROM push WHERE id = $3)
       SELECT image.digest, false AS "isOfTag", (
           SELECT actor FROM tag_ledger AS entry
           WHERE (entry.connection, entry.repository, entry.tag, entry.digest) = ($1, $2, baseline.tag, baseline.digest)
           ORDER BY position DESC LIMIT 1) AS "pushedBy"
       FROM baseline JOIN image ON image.digest = baseline.digest OR image.digest IN (
         SELECT image_digest FROM push AS earlier JOIN push_image ON push_id = earlier.id
         WHERE earlier.digest = baseline.digest AND (earlier.connection, earlier.repository) = ($1, $2))
       WHERE platform = $4 AND image.digest <> $5 LIMIT 1`,
      [push.connection, push.repository, push.id, platform, digest],
    );
  }

  /**
   * The images of the same platform that the tag pointed to before the image came, newest first.
   */
  async #ofTag(push: TaggedPush, digest: Digest, platform: string): Promise<EarlierImage[]> {
    return this.store.aggregate<EarlierImage>(
      `SELECT image.digest, true AS "isOfTag", past.actor AS "pushedBy" FROM (
         SELECT DISTINCT ON (past.digest) past.digest, past.actor, past.position, past.push_id FROM tag_ledger AS past
         WHERE (connection, repository, tag) = ($1, $2, $3) AND past.digest IS NOT NULL
           AND position < (SELECT min(position) FROM tag_ledger WHERE push_id = $4 AND NOT is_seen)
         ORDER BY past.digest, past.position DESC) AS past
       JOIN push_image USING (push_id) JOIN image ON image.digest = image_digest
       WHERE platform = $5 AND image.digest <> $6 ORDER BY past.position DESC LIMIT ${maxPrevious}`,
      [push.connection, push.repository, push.tag, push.id, platform, digest],
    );
  }
}

function isSigned(known: Provenance | null): boolean | null {
  return known && known.signatures.some(({ verified }) => verified);
}

/**
 * Whether no signer of the previous image signed this one; null if that was unsigned, or either was
 * never verified.
 */
function signerChanged(before: StoredProvenance | null, own: StoredProvenance | null): boolean | null {
  const earlier = signersOf(before);
  if (earlier.size === 0 || own === null) return null;
  return ![...signersOf(own)].some((signer) => earlier.has(signer));
}

function signersOf(known: Provenance | null): Set<string> {
  const signers = known?.signatures.flatMap(({ verified, signer }) => (verified && signer ? [signer] : [])) ?? [];
  return new Set(signers.map(({ keyFingerprint, identity, issuer }) => keyFingerprint ?? `${issuer}\n${identity}`));
}

/** Added and changed files of a push, limited to the most relevant ones that it stores. */
function changedFiles(changes: PushChanges | null): Pick<PreviousImage, 'addedFiles' | 'changedFiles'> {
  const files = changes?.files?.items ?? [];
  const those = (isWanted: (change: string) => boolean) =>
    files.filter(({ change }) => isWanted(change)).map(({ path }) => `/${path}`);
  return {
    addedFiles: those((change) => change === 'added'),
    changedFiles: those((change) => change === 'content' || change === 'type'),
  };
}

/** Program of an entrypoint, without arguments: they may be secrets and are not stored. */
export function entrypointOf(config: StoredConfig | null): string[] {
  const of = (name: string) => config?.settings.find(({ field }) => field === name)?.shown ?? '';
  const program = (of('entrypoint') || of('cmd')).replace(/ with \d+ arguments?$/, '');
  return program === '' ? [] : [program];
}
