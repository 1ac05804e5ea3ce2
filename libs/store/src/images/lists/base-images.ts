import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { Store } from '../../core/store.js';
import { PushRow } from '../pushes/push-rows.js';
import { isCurrent } from '../pushes/pushes.js';
import { ImageRelations } from './image-relations.js';

/** An image that another one is built on. */
export interface BaseImage {
  digest: Digest;
  /** Place of its newest push. */
  repository: string | null;
  tag: string | null;
  /** Number of its layers, which are the lowest ones of the other image. */
  layers: number;
}

const newerColumns = columnsOf(PushRow, { of: 'push', only: ['repository', 'tag', 'receivedAt'] })
  .computed<{ digest: Digest; registry: string; pushId: string; isSameTag: boolean }>({
    digest: 'image.digest',
    registry: 'coalesce(push.registry_host, push.connection)',
    pushId: 'push.id',
    isSameTag: `EXISTS (SELECT FROM own AS same
      WHERE (same.connection, same.repository, same.tag) = (push.connection, push.repository, push.tag))`,
  })
  .notNull('tag');

/**
 * A newer image in a repository of a base image, which a tag points to; `isSameTag` where the tag
 * has pointed to the base image itself.
 */
export type NewerBase = RowOf<typeof newerColumns>;

/** Limit on the newer images that are compared: those of the same tags, then the newest. */
const maxNewer = 12;

/** Base images by their layers, and what could take their place. */
@Injectable()
export class BaseImages {
  constructor(
    private readonly store: Store,
    private readonly relations: ImageRelations,
  ) {}

  /**
   * The known image with the most layers of which all are the lowest ones of an image; null where
   * no pushed image is.
   */
  async of(digest: Digest): Promise<BaseImage | null> {
    const [own] = await this.store.aggregate<{ layers: number }>(
      'SELECT count(*)::int AS layers FROM image_layer WHERE image_digest = $1',
      [digest],
    );
    // An image with all the same layers differs in its configuration alone: it is no base.
    const found = await this.relations.of(digest);
    const closest = found.find(({ relation, layers }) => relation === 'base' && layers < (own?.layers ?? 0));
    if (!closest) return null;
    const { digest: base, repository, tag, layers } = closest;
    return { digest: base, repository, tag, layers };
  }

  /**
   * Images for the same platform that tags of the base image's repositories point to and that were
   * built later, or pushed later where the times are not known.
   */
  async newerThan(base: Digest): Promise<NewerBase[]> {
    return this.store.rows(
      newerColumns,
      (list) => `WITH own AS (
         SELECT push.connection, push.repository, push.tag, push.received_at, image.created_at, image.platform
         FROM push_image JOIN push ON push.id = push_id JOIN image ON image.digest = image_digest WHERE image_digest = $1),
       newer AS (
         SELECT DISTINCT ON (image.digest) ${list}
         FROM own JOIN push USING (connection, repository) JOIN push_image ON push_id = push.id JOIN image ON image.digest = image_digest
         WHERE push.state = 'analyzed' AND push.tag IS NOT NULL AND ${isCurrent}
           AND image.platform = own.platform AND image.digest <> $1 AND image.analyzers_version IS NOT NULL
           AND coalesce(image.created_at > own.created_at, push.received_at > own.received_at)
         ORDER BY image.digest, "isSameTag" DESC, push.id DESC)
       SELECT * FROM newer ORDER BY "isSameTag" DESC, "receivedAt" DESC, digest LIMIT ${maxNewer}`,
      [base],
    );
  }
}
