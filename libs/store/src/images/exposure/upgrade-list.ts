import { severities } from '@tidewaiter/domain';
import type { upgradeFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { anyText, type Parameters, rankSql, type RowList } from '../../core/lists.js';
import type { Queries } from '../../core/store.js';
import { packageIdsOf } from '../search/blast-packages.js';
import { FleetUpgradeRow } from './exposure-rows.js';

const columns = columnsOf(FleetUpgradeRow, { omit: ['risk'] });

async function packageMatch(value: string, parameters: Parameters, store: Queries): Promise<string> {
  if (value.includes('*')) return anyText('(packages || fleet_upgrade.package)', value, parameters);
  return `EXISTS (SELECT FROM package WHERE package.id = ANY(${parameters.add(await packageIdsOf(store, value))}::bigint[])
    AND (package.type, package.source_name) = (fleet_upgrade.type, fleet_upgrade.package) AND package.version = ANY(from_versions))`;
}

/** Upgrades that close vulnerabilities of the fleet, as a list. */
export const upgradeList = {
  columns,
  from: 'FROM fleet_upgrade',
  key: { sql: 'id', type: 'text' },
  fields: {
    severity: { rank: 'severity', order: severities },
    kev: { flag: 'kev' },
    epss: { number: 'epss' },
    running: { flag: 'running_images > 0' },
    type: { text: 'type' },
    package: { match: packageMatch, values: 'SELECT name AS value FROM package' },
    to: { text: 'to_version' },
    ecosystem: { text: 'ecosystem' },
    repository: { texts: 'repositories' },
    namespace: { texts: 'namespaces' },
    cluster: { texts: 'clusters' },
    vulnerability: { texts: 'vulnerabilities' },
    vulnerabilities: { number: 'cardinality(vulnerabilities)' },
    images: { number: 'images' },
    workloads: { number: 'workloads' },
  },
  title: `concat_ws(' to ', fleet_upgrade.package, to_version)`,
  words: ['fleet_upgrade.package', `array_to_string(packages, ' ')`, `array_to_string(vulnerabilities, ' ')`],
  sorts: {
    risk: { sql: 'risk', type: 'bigint' },
    severity: { sql: rankSql('severity', severities), type: 'bigint' },
    vulnerabilities: { sql: 'cardinality(vulnerabilities)', type: 'bigint' },
    images: { sql: 'images', type: 'bigint' },
    workloads: { sql: 'coalesce(workloads, 0)', type: 'bigint' },
    package: { sql: 'fleet_upgrade.package', type: 'text' },
  },
} as const satisfies RowList<RowOf<typeof columns>, keyof typeof upgradeFields>;
