import { severities, type Severity } from '@tidewaiter/domain';
import type { imageFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { type Lookups, type Parameters, rankSql, type RowList } from '../../core/lists.js';
import { runningImages, runsImage } from '../../workloads/workload-ledger.js';
import { imageColumns } from '../images.js';
import { worstSeveritySql } from '../pushes/push-list.js';
import { PushRow } from '../pushes/push-rows.js';
import { isCurrent } from '../pushes/pushes.js';
import { ownedBy } from '../repository-owners.js';
import { packageIdsOf } from '../search/blast-packages.js';

/** Text of the pushes that brought an image, as `brought`. */
const ofPushes = (text: string) => ({
  text,
  related: {
    key: 'image.digest',
    column: 'held.image_digest',
    from: 'FROM push_image AS held JOIN push AS brought ON brought.id = held.push_id',
  },
});

/** @param packages query of ids */
const holding = (packages: string) =>
  `image.digest IN (SELECT image_digest FROM image_package WHERE state = 'present' AND package_id IN (${packages}))`;

const withVulnerability = (condition: string) =>
  holding(
    `SELECT package_id FROM package_vulnerability JOIN fleet_vulnerability ON id = vulnerability_id WHERE ${condition}`,
  );

const withPackages = (ids: readonly string[], parameters: Parameters) =>
  `image.digest IN (SELECT image_digest FROM image_package
    WHERE state = 'present' AND package_id = ANY(${parameters.add(ids)}::bigint[]))`;

async function packageMatch(value: string, parameters: Parameters, { store }: Lookups): Promise<string> {
  return withPackages(await packageIdsOf(store, value), parameters);
}

async function vulnerabilityMatch(value: string, parameters: Parameters, { store }: Lookups): Promise<string> {
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

const columns = imageColumns
  .and(columnsOf(PushRow, { of: 'push', only: ['connection', 'repository', 'tag', 'verdict', 'receivedAt'] }))
  .computed<{ severity: Severity | null; running: boolean | null }>({
    severity: worst,
    running: `CASE WHEN EXISTS (SELECT FROM container_ledger) THEN ${runsImage('image.digest')} END`,
  });

/** An image with the place and the verdict of its newest push. */
export type ListedImage = RowOf<typeof columns>;

/** Images with their newest push, as a list. */
export const imageList = {
  columns,
  from: 'FROM image JOIN push ON push.id = image.newest_push_id',
  key: { sql: 'image.digest', type: 'text' },
  fields: {
    image: ofPushes(`(brought.repository || coalesce(':' || brought.tag, ''))`),
    repository: ofPushes('brought.repository'),
    tag: ofPushes('brought.tag'),
    registry: { text: 'push.registry_host' },
    digest: {
      text: 'named.name',
      related: {
        key: 'image.digest',
        column: 'named.image_digest',
        from: `FROM (SELECT digest AS image_digest, digest AS name FROM image
          UNION ALL SELECT image_digest, digest FROM push_image JOIN push ON push.id = push_id) AS named`,
      },
    },
    verdict: { text: 'push.verdict' },
    severity: { rank: worst, order: severities },
    owner: { match: ownedBy((repositories) => `push.repository = ANY(${repositories})`) },
    current: {
      flag: `image.digest IN (SELECT held.image_digest FROM push_image AS held JOIN push ON push.id = held.push_id
        WHERE ${isCurrent})`,
    },
    running: { flag: `image.digest IN (${runningImages})` },
    package: { match: packageMatch, values: 'SELECT name AS value FROM package' },
    vulnerability: { match: vulnerabilityMatch, values: 'SELECT id AS value FROM fleet_vulnerability' },
    kev: { flag: withVulnerability('kev') },
    epss: { number: 'epss', related: withVulnerability },
    fixable: { flag: holding('SELECT package_id FROM package_vulnerability WHERE fix_version IS NOT NULL') },
    secret: {
      flag: `EXISTS (SELECT FROM image_finding WHERE image_digest = image.digest AND finding ->> 'kind' = 'secret')`,
    },
    os: { text: `concat_ws(':', os ->> 'id', os ->> 'versionId')` },
    base: { text: `labels ->> 'org.opencontainers.image.base.name'` },
    platform: { text: 'platform' },
    user: { text: 'run_user' },
    unread: { flag: `unread_layers <> '{}'` },
    created: { time: 'created_at' },
    pushed: { time: 'image.pushed_at' },
  },
  title: `(push.repository || coalesce(':' || push.tag, '') || '@' || image.digest)`,
  words: ['push.repository', 'push.tag', 'image.digest', `os ->> 'name'`],
  sorts: {
    pushed: { sql: 'image.pushed_at', type: 'timestamptz' },
    created: { sql: `coalesce(created_at, 'epoch')`, type: 'timestamptz' },
    image: { sql: `(push.repository || coalesce(':' || push.tag, ''))`, type: 'text' },
    severity: { sql: `coalesce(${rankSql(`(${worst})`, severities)}, -1)`, type: 'bigint' },
  },
} as const satisfies RowList<ListedImage, keyof typeof imageFields>;
