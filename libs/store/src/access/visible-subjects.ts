import { Injectable } from '@nestjs/common';
import { isDigest } from '@tidewaiter/domain';
import { validate } from 'uuid';

import { Store } from '../core/store.js';

/** Subjects of events that a caller may see. */
@Injectable()
export class VisibleSubjects {
  constructor(private readonly store: Store) {}

  /**
   * Ids of pushes and incidents, and digests of images, that are within the limits of the caller,
   * among the subjects of some events. Others, such as names of advisories, are left out.
   */
  async among(subjects: readonly string[]): Promise<Set<string>> {
    const rows = await this.store.aggregate<{ subject: string }>(
      `SELECT id::text AS subject FROM push WHERE id = ANY($1::uuid[]) UNION SELECT id::text FROM incident WHERE id = ANY($1::uuid[])
       UNION SELECT digest FROM push WHERE digest = ANY($2::text[]) UNION SELECT digest FROM image WHERE digest = ANY($2::text[])`,
      [subjects.filter((subject) => validate(subject)), subjects.filter(isDigest)],
    );
    return new Set(rows.map(({ subject }) => subject));
  }
}
