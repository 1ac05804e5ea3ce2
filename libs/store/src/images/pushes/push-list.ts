import { severities } from '@tidewaiter/domain';
import type { pushFields } from '@tidewaiter/query';

import { type Lookups, type Parameters, rankSql, type RowList } from '../../core/lists.js';
import { isRecent } from '../../workloads/workload-ledger.js';
import { ownedBy } from '../repository-owners.js';
import { packageIdsOf } from '../search/blast-packages.js';
import { isCurrent, isImagePush, type Push, pushColumns } from './pushes.js';

/** Worst severity of the counted findings of a push; null without any. */
export function worstSeveritySql(counts: string): string {
  return `CASE ${severities.map((severity) => `WHEN (${counts} ->> '${severity}')::int > 0 THEN '${severity}'`).join(' ')} END`;
}

const worst = worstSeveritySql('counts');

const isRunning = `push.id IN (
  SELECT push_id FROM push_image JOIN container_ledger USING (image_digest) WHERE ${isRecent}
  UNION SELECT whole.id FROM push AS whole JOIN container_ledger ON image_digest = whole.digest WHERE ${isRecent})`;

async function packageMatch(value: string, parameters: Parameters, { store }: Lookups): Promise<string> {
  return `push.id IN (SELECT push_id FROM push_image JOIN image_package USING (image_digest)
    WHERE image_package.state = 'present' AND package_id = ANY(${parameters.add(await packageIdsOf(store, value))}::bigint[]))`;
}

/** Pushes as a list. */
export const pushList = {
  columns: pushColumns,
  from: 'FROM push',
  key: { sql: 'id', type: 'uuid' },
  fields: {
    verdict: { text: 'verdict' },
    severity: { rank: worst, order: severities },
    state: { text: 'state' },
    current: { flag: isCurrent },
    running: { flag: isRunning },
    image: { text: `(repository || coalesce(':' || tag, ''))` },
    repository: { text: 'repository' },
    tag: { text: 'tag' },
    registry: { text: 'registry_host' },
    connection: { text: 'connection' },
    digest: { text: 'digest' },
    owner: { match: ownedBy((repositories) => `repository = ANY(${repositories})`) },
    package: { match: packageMatch, values: 'SELECT name AS value FROM package' },
    pusher: { text: 'pushed_by' },
    origin: { text: 'origin' },
    code: { text: 'code' },
    warnings: { number: 'coalesce(jsonb_array_length(warnings), 0)' },
    received: { time: 'received_at' },
  },
  presets: [{ unlessNamed: 'state', condition: isImagePush }],
  title: `(repository || coalesce(':' || tag, ''))`,
  words: ['repository', 'tag', 'pushed_by', 'digest'],
  sorts: {
    received: { sql: 'received_at', type: 'timestamptz' },
    image: { sql: `(repository || coalesce(':' || tag, ''))`, type: 'text' },
    severity: { sql: `coalesce(${rankSql(`(${worst})`, severities)}, -1)`, type: 'bigint' },
  },
} as const satisfies RowList<Push, keyof typeof pushFields>;
