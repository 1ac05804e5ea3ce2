import { Injectable } from '@nestjs/common';
import { type SuspectPush, suspectWindowMs } from '@tidewaiter/detection';
import { sameRevisionId } from '@tidewaiter/integrity';

import { columnsOf } from '../../core/columns.js';
import { isoTimeSql } from '../../core/iso-time.js';
import { Store, type Transaction } from '../../core/store.js';
import { PushIdentityRow } from './provenance-rows.js';
import { PushRow } from './push-rows.js';

/** Limit on the pushes of one run; more wait for the next. */
const maxWaiting = 1_000;
const maxKnown = 1_000;

const columns = columnsOf(PushIdentityRow, {
  of: 'suspect',
  only: ['pushId', 'connection', 'repository', 'tag', 'digest', 'pushedBy'],
})
  .and(columnsOf(PushRow, { of: 'push', only: ['previousDigest'] }))
  .computed<Pick<SuspectPush, 'registry' | 'pushedAt' | 'analyzedMs' | 'imageDigests' | 'findings' | 'alterations'>>({
    registry: 'coalesce(push.registry_host, push.connection)',
    pushedAt: isoTimeSql('coalesce(push.pushed_at, push.received_at)'),
    analyzedMs: 'extract(epoch FROM push.finished_at)::float * 1000',
    imageDigests: `ARRAY(SELECT image_digest FROM push_image WHERE push_image.push_id = push.id ORDER BY image_digest)`,
    findings: `(SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('id', finding ->> 'id', 'title', finding ->> 'title')), '[]') FROM repository_finding AS found
   WHERE (found.connection, found.repository) = (suspect.connection, suspect.repository) AND (found.tag IS NULL OR found.tag = suspect.tag)
     AND found.image_digest IN (SELECT image_digest FROM push_image WHERE push_image.push_id = push.id)
     AND finding ->> 'kind' = 'supply-chain' AND finding ->> 'severity' NOT IN ('low', 'negligible'))`,
    alterations: `(SELECT coalesce(jsonb_agg(jsonb_build_object('previousDigest', previous_digest, 'digest', image_digest, 'isReported', EXISTS (
       SELECT FROM repository_finding AS other JOIN push_image AS held USING (image_digest)
         JOIN push_identity AS decided ON decided.push_id = held.push_id
           AND (decided.connection, decided.repository) = (other.connection, other.repository)
         JOIN push AS earlier ON earlier.id = decided.push_id
       WHERE other.image_digest = altered.image_digest AND other.finding #>> '{evidence,previousDigest}' = altered.previous_digest
         AND other.finding ->> 'id' = '${sameRevisionId}' AND decided.settled_at IS NOT NULL AND decided.signs @> '{${sameRevisionId}}'
         AND coalesce(earlier.pushed_at, earlier.received_at)
           < coalesce(push.pushed_at, push.received_at) - ${suspectWindowMs} * interval '1 millisecond'))), '[]')
   FROM (
     SELECT DISTINCT found.image_digest, finding #>> '{evidence,previousDigest}' AS previous_digest FROM repository_finding AS found
     WHERE (found.connection, found.repository) = (suspect.connection, suspect.repository)
       AND found.image_digest IN (SELECT image_digest FROM push_image WHERE push_image.push_id = push.id)
       AND finding ->> 'id' = '${sameRevisionId}' AND finding ->> 'severity' IN ('critical', 'high')) AS altered)`,
  });

const settledColumns = columnsOf(PushIdentityRow, { of: 'suspect', only: ['settledAt', 'isInIncident'] });

/**
 * Pushes with supply-chain findings. Shortly after the analysis it is decided once whether an
 * incident reports them.
 */
@Injectable()
export class SuspectPushes {
  constructor(private readonly store: Store) {}

  /** Analyzed, undecided pushes, oldest first; locked until the transaction ends. */
  async waiting(tx: Transaction): Promise<SuspectPush[]> {
    return tx.rows(
      columns,
      `FROM push_identity AS suspect JOIN push ON push.id = suspect.push_id
       WHERE signs <> '{}' AND settled_at IS NULL AND push.state = 'analyzed' AND push.origin <> 'imported'
       ORDER BY suspect.at LIMIT ${maxWaiting} FOR UPDATE OF suspect`,
    );
  }

  /** Suspect pushes of the last minutes that are decided already. */
  async known(tx: Transaction): Promise<SuspectPush[]> {
    return tx.rows(
      columns,
      `FROM push_identity AS suspect JOIN push ON push.id = suspect.push_id
       WHERE signs <> '{}' AND settled_at IS NOT NULL AND suspect.at > now() - $1 * interval '2 milliseconds'
       ORDER BY suspect.at DESC LIMIT ${maxKnown}`,
      [suspectWindowMs],
    );
  }

  async settle(tx: Transaction, pushIds: readonly string[], inIncident: readonly string[]): Promise<void> {
    await tx.query(
      'UPDATE push_identity SET settled_at = now(), is_in_incident = push_id = ANY($2::uuid[]) WHERE push_id = ANY($1::uuid[])',
      [pushIds, inIncident],
    );
  }

  /**
   * Whether an incident reports a push; null while undecided. A push of a tag that is no version,
   * such as `latest`, is reported with the suspect pushes of the same digest around it.
   */
  async isInIncident(pushId: string): Promise<boolean | null> {
    const suspects = await this.store.rows(
      settledColumns,
      `FROM push_identity AS own JOIN push_identity AS suspect
         ON suspect.push_id = own.push_id
         OR (own.signs = '{}' AND NOT own.is_version AND suspect.digest = own.digest
             AND (suspect.connection, suspect.repository) = (own.connection, own.repository)
             AND suspect.at BETWEEN own.at - $2 * interval '1 millisecond' AND own.at + $2 * interval '1 millisecond')
       WHERE own.push_id = $1 AND suspect.signs <> '{}'`,
      [pushId, suspectWindowMs],
    );
    if (suspects.some(({ isInIncident }) => isInIncident)) return true;
    return suspects.every(({ settledAt }) => settledAt !== null) ? false : null;
  }
}
