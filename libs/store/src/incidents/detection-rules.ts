import { Injectable } from '@nestjs/common';

import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import type { ListedRule } from './detection-rows.js';

/**
 * Rules of the detector, for display: those of the replica that loaded them last, since all read
 * the same folders.
 */
@Injectable()
export class DetectionRules {
  constructor(private readonly store: Store) {}

  /** Replaces all rules. */
  async replace(rules: readonly ListedRule[]): Promise<void> {
    await this.store.transaction(async (tx) => {
      // Serializes replicas that start together.
      await tx.query('LOCK TABLE detection_rule IN EXCLUSIVE MODE');
      await tx.query('DELETE FROM detection_rule');
      await tx.query(
        'INSERT INTO detection_rule (number, rule) SELECT number, rule FROM unnest($1::jsonb[]) WITH ORDINALITY AS listed (rule, number)',
        [rules.map(json)],
      );
    });
  }
}
