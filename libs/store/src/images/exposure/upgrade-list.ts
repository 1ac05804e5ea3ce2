import { severities } from '@tidewaiter/domain';
import type { upgradeFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { type Lookups, anyText, type Parameters, rankSql, type RowList } from '../../core/lists.js';
import { ownedBy } from '../repository-owners.js';
import { packageIdsOf } from '../search/blast-packages.js';
import { FleetUpgradeRow } from './exposure-rows.js';
import { packagesOfImage } from './vulnerability-list.js';

const columns = columnsOf(FleetUpgradeRow, { omit: ['risk'] });

async function packageMatch(value: string, parameters: Parameters, { store }: Lookups): Promise<string> {
  if (value.includes('*')) return anyText('(packages || fleet_upgrade.package)', value, parameters);
  return ofPackages(`SELECT unnest(${parameters.add(await packageIdsOf(store, value))}::bigint[])`);
}

async function imageMatch(value: string, parameters: Parameters): Promise<string> {
  const packages = packagesOfImage(value, parameters);
  return packages === null ? anyText('repositories', value, parameters) : ofPackages(packages);
}

const ofPackages = (ids: string) => `EXISTS (SELECT FROM package WHERE package.id IN (${ids})
  AND (package.type, package.source_name) = (fleet_upgrade.type, fleet_upgrade.package) AND package.version = ANY(from_versions))`;

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
    image: { match: imageMatch, values: 'SELECT repository AS value FROM push' },
    owner: { match: ownedBy((names) => `repositories && ${names}`) },
    // Every upgrade fixes something: the flag may stand in a query for several lists.
    fixable: { flag: 'true' },
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
