import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../core/store.js';

/** A namespace of a cluster; a null cluster matches any, for sensors that do not name one. */
export interface NamespacePlace {
  cluster: string | null;
  namespace: string;
}

/** Owners from labels of images and namespaces. */
@Injectable()
export class OwnerLabels {
  constructor(private readonly store: Store) {}

  /**
   * First of some labels that each image has, by the requested digest: of the image, or of an index
   * that holds it.
   */
  async ofImages(digests: readonly Digest[], labels: readonly string[]): Promise<Map<Digest, string>> {
    const rows = await this.store.aggregate<{ digest: Digest; owner: string }>(
      `SELECT DISTINCT ON (asked.digest) asked.digest, image.labels ->> wanted.name AS owner
       FROM unnest($1::text[]) AS asked (digest)
       JOIN LATERAL (
         SELECT asked.digest AS image_digest
         UNION SELECT image_digest FROM push JOIN push_image ON push_id = push.id WHERE push.digest = asked.digest) AS held ON true
       JOIN image ON image.digest = image_digest
       JOIN unnest($2::text[]) WITH ORDINALITY AS wanted (name, place) ON image.labels ? wanted.name
       ORDER BY asked.digest, place, image.digest`,
      [[...new Set(digests)], labels],
    );
    return new Map(rows.map(({ digest, owner }) => [digest, owner]));
  }

  /**
   * Value of a label of each namespace, from its newest workload, in the given order; null if
   * unknown.
   */
  async ofNamespaces(places: readonly NamespacePlace[], label: string): Promise<(string | null)[]> {
    const rows = await this.store.aggregate<{ owner: string | null }>(
      `SELECT (SELECT namespace_labels ->> $3 FROM workload
         WHERE workload.namespace = asked.namespace AND (asked.cluster IS NULL OR workload.cluster = asked.cluster) AND namespace_labels ? $3
         ORDER BY seen_at DESC LIMIT 1) AS owner
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (cluster, namespace, place) ORDER BY place`,
      [places.map(({ cluster }) => cluster), places.map(({ namespace }) => namespace), label],
    );
    return rows.map(({ owner }) => owner);
  }
}
