import { InvalidInput } from '@tidewaiter/domain';
import { checkConstraint, isInRange, type PackageRange, readPackageRange } from '@tidewaiter/versions';

import { columnsOf, type RowOf } from '../../core/columns.js';
import type { Queries } from '../../core/store.js';
import { PackageRow } from '../package-rows.js';
import type { BlastCondition, BlastQuestion } from './blast-question.js';

interface AskedPackage {
  id: string;
  isMitigated: boolean;
  /** Whether its version could not be compared. */
  isUnknown: boolean;
}

const nameColumns = columnsOf(PackageRow, { only: ['id', 'type', 'version', 'sourceVersion'] });

interface NamedPackage extends RowOf<typeof nameColumns> {
  /** Whether only the name of its source package matched. */
  isBySource: boolean;
}

/** Limit on the versions of one package, over architectures and distributions. */
const maxPackages = 50_000;

/** Images with a package that matches an advisory about a vulnerability. */
export async function vulnerabilityCondition(store: Queries, id: string): Promise<BlastCondition> {
  const asked = /^(cve|ghsa)-/i.test(id) ? `${id.slice(0, 4).toUpperCase()}${id.slice(4)}` : id;
  const packages = await store.aggregate<AskedPackage>(
    `SELECT package_id AS id, bool_and(evidence ? 'mitigation') AS "isMitigated", bool_and(state = 'unknown') AS "isUnknown"
     FROM package_match JOIN advisory ON advisory.id = advisory_id
     WHERE withdrawn IS NULL AND (advisory_id = $1
       OR vulnerability_ids && (ARRAY[$1] || ARRAY(SELECT vulnerability_id FROM advisory WHERE advisory.id = $1))) GROUP BY package_id`,
    [asked],
  );
  return packagesCondition(packages);
}

/**
 * Images with a package by its purl or name, in some versions.
 * @throws InvalidInput `UNPARSABLE_RANGE`, `INPUT_INVALID`
 */
export async function packageCondition(
  store: Queries,
  { purl, package: text, version }: Pick<BlastQuestion, 'purl' | 'package' | 'version'>,
): Promise<BlastCondition> {
  const range = purl === undefined ? readPackageRange(text ?? '') : { name: purl, constraint: '' };
  if (version !== undefined) {
    const constraint = /^[<>=!]/.test(version.trim()) ? version.trim() : `=${version.trim()}`;
    checkConstraint(constraint);
    if (range.constraint !== '') throw new InvalidInput('INPUT_INVALID', 'version: the package names versions already');
    range.constraint = constraint;
  }
  const named = await packagesNamed(store, range);
  const condition = packagesCondition(packagesIn(named, range));
  if (named.length > maxPackages) {
    const message = `only the first ${maxPackages} versions of the package were compared`;
    condition.notEvaluated.push({ code: 'TOO_MANY_RESULTS', message, count: named.length - maxPackages });
  }
  return condition;
}

/**
 * Ids of the packages of a text such as `openssl<3.0.14`, with those whose version could not be
 * compared.
 * @throws InvalidInput `UNPARSABLE_RANGE`
 */
export async function packageIdsOf(store: Queries, text: string): Promise<string[]> {
  const range = readPackageRange(text);
  return packagesIn(await packagesNamed(store, range), range).map(({ id }) => id);
}

function packagesIn(named: readonly NamedPackage[], { constraint }: PackageRange): AskedPackage[] {
  return named.slice(0, maxPackages).flatMap((each): AskedPackage[] => {
    const isIn = isInRange(each.isBySource ? each.sourceVersion : each.version, constraint, each.type);
    return isIn === false ? [] : [{ id: each.id, isMitigated: false, isUnknown: isIn === null }];
  });
}

async function packagesNamed(store: Queries, { name }: PackageRange): Promise<NamedPackage[]> {
  if (name.startsWith('pkg:')) {
    return store.aggregate<NamedPackage>(
      `SELECT ${nameColumns}, false AS "isBySource" FROM package WHERE purl = $1 OR package_purl_name(purl) = $1 LIMIT ${maxPackages + 1}`,
      [name],
    );
  }
  // Package indexes write one name in several ways: PyYAML and pyyaml, typing_extensions and
  // typing-extensions.
  const lower = name.toLowerCase();
  const names = [...new Set([name, lower, lower.replaceAll(/[-_.]+/g, '-')])];
  return store.aggregate<NamedPackage>(
    `SELECT ${nameColumns}, NOT (name = ANY($1) OR (type = 'maven' AND split_part(name, ':', 2) = $2)) AS "isBySource" FROM package
     WHERE name = ANY($1) OR source_name = ANY($1) OR (type = 'maven' AND split_part(name, ':', 2) = $2) LIMIT ${maxPackages + 1}`,
    [names, name],
  );
}

function packagesCondition(packages: readonly AskedPackage[]): BlastCondition {
  return {
    packages: packages.length,
    notEvaluated: [],
    sql: (parameter) =>
      `SELECT image_digest, asked.id AS package_id, asked.is_mitigated, asked.is_unknown, NULL::text AS note
       FROM unnest(${parameter(packages.map(({ id }) => id))}::bigint[], ${parameter(packages.map(({ isMitigated }) => isMitigated))}::boolean[],
         ${parameter(packages.map(({ isUnknown }) => isUnknown))}::boolean[]) AS asked (id, is_mitigated, is_unknown)
       JOIN image_package ON package_id = asked.id WHERE state = 'present'`,
  };
}
