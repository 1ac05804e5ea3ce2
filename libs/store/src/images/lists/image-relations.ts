import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../../core/store.js';

/** An image with layers of another one. */
export interface RelatedImage {
  digest: Digest;
  /** `base`: all of its layers are the lowest ones of the other image; `derived`: the reverse. */
  relation: 'base' | 'derived' | 'layers';
  sharedLayers: number;
  layers: number;
  /** Place of its newest push. */
  repository: string | null;
  tag: string | null;
}

const maxRelated = 100;

/** Images that share layers. */
@Injectable()
export class ImageRelations {
  constructor(private readonly store: Store) {}

  /** Images that share layers: base images first, then by the number of shared layers. */
  async of(digest: Digest): Promise<RelatedImage[]> {
    return this.store.aggregate<RelatedImage>(
      `WITH shared AS (
         SELECT other.image_digest, count(DISTINCT other.index)::int AS number,
           (count(*) FILTER (WHERE other.index = own.index))::int AS lowest
         FROM image_layer AS own JOIN image_layer AS other USING (diff_id)
         WHERE own.image_digest = $1 AND other.image_digest <> $1 GROUP BY 1),
       compared AS (
         SELECT shared.image_digest, number, layers, CASE WHEN lowest = layers THEN 'base'
           WHEN lowest = (SELECT count(*) FROM image_layer WHERE image_digest = $1) THEN 'derived' ELSE 'layers' END AS relation
         FROM shared, LATERAL (SELECT count(*)::int AS layers FROM image_layer WHERE image_digest = shared.image_digest) AS counted),
       ranked AS (SELECT * FROM compared ORDER BY relation = 'base' DESC, number DESC, image_digest LIMIT ${maxRelated})
       SELECT image_digest AS digest, relation, number AS "sharedLayers", layers, push.repository, push.tag
       FROM ranked LEFT JOIN LATERAL (
         SELECT repository, tag FROM push_image JOIN push ON push.id = push_id WHERE push_image.image_digest = ranked.image_digest
         ORDER BY push.id DESC LIMIT 1) AS push ON true
       ORDER BY relation = 'base' DESC, number DESC, image_digest`,
      [digest],
    );
  }
}
