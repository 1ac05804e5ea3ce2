import { severities, type Severity } from '@tidewaiter/domain';
import type { imageFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { type Parameters, rankSql, type RowList } from '../../core/lists.js';
import type { Queries } from '../../core/store.js';
import { runningImages } from '../../workloads/workload-ledger.js';
import { imageColumns } from '../images.js';
import { worstSeveritySql } from '../pushes/push-list.js';
import { PushRow } from '../pushes/push-rows.js';
import { isCurrent } from '../pushes/pushes.js';
import { packageIdsOf } from '../search/blast-packages.js';

/** Pushes that brought an image, as `brought`. */
const pushes = (expression: string, condition = 'true') =>
  `ARRAY(SELECT ${expression} FROM push_image AS held JOIN push AS brought ON brought.id = held.push_id
    WHERE held.image_digest = image.digest AND ${condition})`;

/**
 * As an array, so that PostgreSQL reads the images of the packages once, however few or many it
 * expects.
 */
const withPackages = (ids: readonly string[], parameters: Parameters) =>
  `image.digest = ANY(ARRAY(SELECT image_digest FROM image_package
    WHERE state = 'present' AND package_id = ANY(${parameters.add(ids)}::bigint[])))`;

async function packageMatch(value: string, parameters: Parameters, store: Queries): Promise<string> {
  return withPackages(await packageIdsOf(store, value), parameters);
}

async function vulnerabilityMatch(value: string, parameters: Parameters, store: Queries): Promise<string> {
  const found = await store.aggregate<{ id: string }>(
    `SELECT DISTINCT package_id AS id FROM package_vulnerability
     WHERE vulnerability_id IN (SELECT $1 UNION SELECT vulnerability_id FROM advisory WHERE advisory.id = $1)`,
    [value],
  );
  return withPackages(
    found.map(({ id }) => id),
    parameters,
  );
}

const worst = worstSeveritySql('push.counts');

const isRunning = `image.digest IN (${runningImages})`;

const columns = imageColumns
  .and(columnsOf(PushRow, { of: 'push', only: ['connection', 'repository', 'tag', 'verdict', 'receivedAt'] }))
  .computed<{ severity: Severity | null; running: boolean | null }>({
    severity: worst,
    running: `CASE WHEN EXISTS (SELECT FROM container_ledger) THEN ${isRunning} END`,
  });

/** An image with the place and the verdict of its newest push. */
export type ListedImage = RowOf<typeof columns>;

/** Images with their newest push, as a list. */
export const imageList = {
  columns,
  from: `FROM (SELECT image_digest, max(push_id::text)::uuid AS push_id FROM push_image GROUP BY image_digest) AS newest
    JOIN image ON image.digest = newest.image_digest JOIN push ON push.id = newest.push_id`,
  key: { sql: 'image.digest', type: 'text' },
  fields: {
    image: { texts: pushes(`brought.repository || coalesce(':' || brought.tag, '')`) },
    repository: { texts: pushes('brought.repository') },
    tag: { texts: pushes('brought.tag', 'brought.tag IS NOT NULL') },
    registry: { text: 'push.registry_host' },
    digest: { texts: `(${pushes('brought.digest', 'brought.digest IS NOT NULL')} || image.digest)` },
    verdict: { text: 'push.verdict' },
    severity: { rank: worst, order: severities },
    current: {
      flag: `EXISTS (SELECT FROM push_image AS held JOIN push ON push.id = held.push_id
      WHERE held.image_digest = image.digest AND ${isCurrent})`,
    },
    running: { flag: isRunning },
    package: { match: packageMatch, values: 'SELECT name AS value FROM package' },
    vulnerability: { match: vulnerabilityMatch, values: 'SELECT id AS value FROM fleet_vulnerability' },
    secret: {
      flag: `EXISTS (SELECT FROM image_finding AS found WHERE found.image_digest = image.digest AND finding ->> 'kind' = 'secret')`,
    },
    os: { text: `concat_ws(':', os ->> 'id', os ->> 'versionId')` },
    base: { text: `labels ->> 'org.opencontainers.image.base.name'` },
    platform: { text: 'platform' },
    user: { text: 'run_user' },
    unread: { flag: `unread_layers <> '{}'` },
    created: { time: 'created_at' },
    pushed: { time: 'push.received_at' },
  },
  words: ['push.repository', 'push.tag', 'image.digest', `os ->> 'name'`],
  sorts: {
    pushed: { sql: 'push.received_at', type: 'timestamptz' },
    created: { sql: `coalesce(created_at, 'epoch')`, type: 'timestamptz' },
    image: { sql: `(push.repository || coalesce(':' || push.tag, ''))`, type: 'text' },
    severity: { sql: `coalesce(${rankSql(`(${worst})`, severities)}, -1)`, type: 'bigint' },
  },
} as const satisfies RowList<ListedImage, keyof typeof imageFields>;
