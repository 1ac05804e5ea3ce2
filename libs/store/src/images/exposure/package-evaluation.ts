import { type Hit, packageFindings, type Rating } from '@tidewaiter/advisories';
import type { Finding } from '@tidewaiter/domain';
import { highestVersion, versionOrder } from '@tidewaiter/versions';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { unnestOf } from '../../core/row-sets.js';
import type { Queries, Transaction } from '../../core/store.js';
import { hitColumns, hitOf, ratingsOf } from '../findings.js';
import { PackageRow } from '../package-rows.js';
import { PackageVulnerabilityRow } from './exposure-rows.js';

/** Raise it when the same matches give other rows. */
const evaluationVersion = 1;

/** Packages with matches, each with a hash that changes with a match or a matched advisory. */
const evaluations = `SELECT package_id, bit_xor(hashtextextended(
    concat_ws(' ', advisory_id, package_match.xmin, advisory.xmin), ${evaluationVersion})) AS evaluation
  FROM package_match JOIN advisory ON advisory.id = advisory_id WHERE withdrawn IS NULL GROUP BY package_id`;

const matchColumns = columnsOf(PackageRow, { of: 'package', only: ['id', 'purl', 'type', 'name', 'version'] }).and(
  hitColumns,
);
type MatchRow = RowOf<typeof matchColumns>;

const newRows = unnestOf(PackageVulnerabilityRow, [
  'packageId',
  'vulnerabilityId',
  'kind',
  'severity',
  'fixState',
  'fixVersion',
  'upgradeTo',
  'isCertain',
  'advisoryId',
  'evaluation',
]);

/** A package whose matches are not evaluated yet. */
export interface DuePackage {
  id: string;
  /** Null if it has no match any more. */
  evaluation: string | null;
}

/**
 * Packages whose matches or matched advisories changed since they were evaluated, or about whose
 * vulnerabilities an advisory changed after `advisoryChange`: it may rate them.
 */
export async function duePackages(store: Queries, advisoryChange: string): Promise<DuePackage[]> {
  return store.aggregate<DuePackage>(
    `WITH now AS (${evaluations}),
     known AS (SELECT package_id, min(evaluation) AS evaluation FROM package_vulnerability GROUP BY package_id),
     rated AS (
       SELECT DISTINCT package_id FROM advisory, unnest(aliases || vulnerability_id) AS named
       JOIN package_vulnerability ON package_vulnerability.vulnerability_id = named WHERE change > $1)
     SELECT package_id AS id, now.evaluation FROM now FULL JOIN known USING (package_id)
     WHERE now.evaluation IS DISTINCT FROM known.evaluation OR package_id IN (SELECT package_id FROM rated)
     ORDER BY package_id`,
    [advisoryChange],
  );
}

/** Evaluates the matches of some packages, with the same function as the findings of an image. */
export async function evaluatePackages(tx: Transaction, due: readonly DuePackage[]): Promise<void> {
  const ids = due.map(({ id }) => id);
  // A package that is deleted meanwhile has no rows; the order is that of other writers.
  await tx.query('SELECT id FROM package WHERE id = ANY($1) ORDER BY id FOR KEY SHARE', [ids]);
  const matches = await tx.rows(
    matchColumns,
    `FROM package JOIN package_match ON package_id = package.id JOIN advisory ON advisory.id = advisory_id
     WHERE package.id = ANY($1) AND withdrawn IS NULL`,
    [ids],
  );
  const ratings = await ratingsOf(
    tx,
    matches.flatMap(({ vulnerabilityIds }) => vulnerabilityIds),
  );
  const evaluationOf = new Map(due.map(({ id, evaluation }) => [id, evaluation]));
  const rows = [...Map.groupBy(matches, ({ id }) => id).values()].flatMap((own) =>
    vulnerabilitiesOf(own, (id) => ratings.get(id) ?? []).map((row) => ({
      ...row,
      evaluation: evaluationOf.get(row.packageId) ?? '0',
    })),
  );
  await tx.query('DELETE FROM package_vulnerability WHERE package_id = ANY($1)', [ids]);
  await tx.query(
    `INSERT INTO package_vulnerability (${newRows.columns}) SELECT ${newRows.values} FROM ${newRows.table}
     ON CONFLICT DO NOTHING`,
    newRows.parameters(rows),
  );
}

function vulnerabilitiesOf(matches: readonly MatchRow[], ratings: (id: string) => readonly Rating[]) {
  const { id: packageId, purl, type, name, version } = matches[0]!;
  const anywhere = { foundIn: '', layer: 0, state: 'present' as const };
  const hits: Hit[] = matches.map(hitOf);
  const findings = packageFindings({ purl, type, name, version, ...anywhere }, hits, ratings);
  const target = highestVersion([...new Set(findings.flatMap(fixOf))], versionOrder(type));
  return findings.map((finding) => ({
    packageId,
    vulnerabilityId: finding.id,
    kind: finding.kind,
    severity: finding.severity,
    fixState: finding.fix.state,
    fixVersion: finding.fix.version,
    // Versions that cannot be compared give an upgrade for each fix.
    upgradeTo: fixOf(finding).length === 0 ? null : (target ?? finding.fix.version),
    isCertain: finding.match === 'affected',
    advisoryId: String(finding.evidence['advisory']),
  }));
}

/** Version that fixes a finding, as far as there is an upgrade to it. */
function fixOf({ match, fix }: Finding): string[] {
  return match === 'affected' && fix.state === 'fixed' && fix.version !== null ? [fix.version] : [];
}
