import { severities, type Severity, type Verdict } from '@tidewaiter/domain';
import type { repositoryFields } from '@tidewaiter/query';

import { columnsOf } from '../../core/columns.js';
import { isoTimeSql } from '../../core/iso-time.js';
import { rankSql, type RowList } from '../../core/lists.js';
import { runningImages } from '../../workloads/workload-ledger.js';
import { worstSeveritySql } from '../pushes/push-list.js';
import { PushRow } from '../pushes/push-rows.js';
import { isImagePush } from '../pushes/pushes.js';
import { ownedBy } from '../repository-owners.js';

/** A repository with its newest push and the state of its tags. */
export interface ListedRepository {
  registry: string;
  connection: string;
  repository: string;
  /** Tags that point to an analyzed image. */
  tags: number;
  /** Tags whose image failed. */
  failedTags: number;
  /** Worst severity under its tags; null without any finding. */
  severity: Severity | null;
  /** Whether a workload runs an image of a tag; null while no sensor reports containers. */
  running: boolean | null;
  /** Source repository that a label of its newest image names. */
  source: string | null;
  newest: {
    id: string;
    tag: string | null;
    digest: string | null;
    state: PushRow['state'];
    verdict: Verdict | null;
    receivedAt: string;
    pushedBy: string | null;
  };
}

const rank = (severity: string) => rankSql(severity, severities);
const ordered = severities.toReversed();

/** The tags of each repository that exist, with their last push. */
const tagged = `SELECT entry.connection, entry.repository, count(*)::int AS tags,
    (count(*) FILTER (WHERE push.verdict = 'fail'))::int AS failed_tags, max(${rank(`(${worstSeveritySql('push.counts')})`)}) AS worst,
    bool_or(push.id IN (SELECT push_id FROM push_image WHERE image_digest IN (${runningImages}))) AS is_running
  FROM tag_ledger AS entry JOIN push ON push.id = entry.push_id AND push.state = 'analyzed'
  WHERE entry.digest IS NOT NULL AND NOT EXISTS (
    SELECT FROM tag_ledger AS later
    WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position)
  GROUP BY 1, 2`;

const source = `(SELECT min(labels ->> 'org.opencontainers.image.source') FROM push_image JOIN image ON image.digest = image_digest
  WHERE push_id = push.id)`;

const columns = columnsOf(PushRow, { of: 'push', only: ['connection', 'repository'] }).computed<
  Omit<ListedRepository, 'connection' | 'repository'>
>({
  registry: 'coalesce(push.registry_host, push.connection)',
  tags: 'coalesce(tags, 0)',
  failedTags: 'coalesce(failed_tags, 0)',
  severity: `('{${ordered.join(',')}}'::text[])[worst]`,
  running: 'CASE WHEN EXISTS (SELECT FROM container_ledger) THEN coalesce(is_running, false) END',
  source,
  newest: `jsonb_build_object('id', push.id, 'tag', push.tag, 'digest', push.digest, 'state', push.state,
    'verdict', push.verdict, 'receivedAt', ${isoTimeSql('push.received_at')}, 'pushedBy', push.pushed_by)`,
});

/** Repositories as a list. */
export const repositoryList = {
  columns,
  from: `FROM (SELECT DISTINCT ON (connection, repository) id FROM push WHERE ${isImagePush}
      ORDER BY connection DESC, repository DESC, received_at DESC, id DESC) AS newest
    JOIN push USING (id) LEFT JOIN (${tagged}) AS tagged USING (connection, repository)`,
  key: { sql: `(connection || ' ' || repository)`, type: 'text' },
  fields: {
    repository: { text: 'repository' },
    registry: { text: 'coalesce(push.registry_host, connection)' },
    connection: { text: 'connection' },
    owner: { match: ownedBy((repositories) => `repository = ANY(${repositories})`) },
    verdict: { text: 'push.verdict' },
    severity: { rank: `('{${ordered.join(',')}}'::text[])[worst]`, order: severities },
    failed: { flag: 'failed_tags > 0' },
    running: { flag: 'is_running' },
    tags: { number: 'coalesce(tags, 0)' },
    pushed: { time: 'push.received_at' },
    source: { text: source },
  },
  title: 'repository',
  words: ['repository', 'push.registry_host', source],
  sorts: {
    repository: { sql: 'repository', type: 'text' },
    pushed: { sql: 'push.received_at', type: 'timestamptz' },
    severity: { sql: 'coalesce(worst, -1)', type: 'bigint' },
    tags: { sql: 'coalesce(tags, 0)', type: 'bigint' },
  },
} as const satisfies RowList<ListedRepository, keyof typeof repositoryFields>;
