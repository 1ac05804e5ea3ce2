import { Injectable } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { Store } from '../core/store.js';
import { ClusterRemoval } from './cluster-removal.js';
import { type Removal, removalColumns, type RemovalPreview } from './removal-batches.js';
import { RepositoryRemoval } from './repository-removal.js';

/** Removals that a list has, newest first. */
const maxListed = 100;

/** Repository of a registry, or a cluster, whose data is to be deleted. */
export type RemovalTarget =
  | { kind: 'repository'; connection: string; name: string }
  | { kind: 'cluster'; connection?: undefined; name: string };

/**
 * Orders to delete the data of repositories and clusters that has arrived. Scanner and detector
 * delete it in batches.
 */
@Injectable()
export class Removals {
  constructor(
    private readonly store: Store,
    private readonly repositories: RepositoryRemoval,
    private readonly clusters: ClusterRemoval,
  ) {}

  async preview(target: RemovalTarget): Promise<RemovalPreview> {
    return target.kind === 'repository' ? this.repositories.preview(target) : this.clusters.preview(target);
  }

  /** @throws NotFound `REMOVAL_EMPTY` */
  async request(target: RemovalTarget): Promise<Removal> {
    const { deleted, kept } = await this.preview(target);
    if (Object.values({ ...deleted, ...kept }).every((count) => count === 0)) {
      throw new NotFound('REMOVAL_EMPTY', `there is no data of the ${target.kind} ${target.name}`);
    }
    return this.store.transaction(async (tx) => {
      const [added] = await tx.returning(
        removalColumns,
        'INSERT INTO removal (id, kind, connection, name) VALUES ($1, $2, $3, $4)',
        [uuidv7(), target.kind, target.connection ?? null, target.name],
      );
      const { kind, connection, name } = added!;
      const subject = [kind, connection, name].filter(Boolean).join(' ');
      tx.record({ subject, before: { deleted, kept }, after: null });
      return added!;
    });
  }

  /** Newest first. */
  async list(): Promise<Removal[]> {
    return this.store.rows(removalColumns, `FROM removal ORDER BY requested_at DESC, id DESC LIMIT ${maxListed}`);
  }
}

/** {@link Removals} outside of a service. */
export function removalsIn(store: Store): Removals {
  return new Removals(store, new RepositoryRemoval(store), new ClusterRemoval(store));
}
