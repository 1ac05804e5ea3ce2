import { LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import type { AffectedPackage } from '../../affected-package.js';
import { anything, readEach, shortText } from '../../osv-parts.js';
import type { ProgramIdentity } from '../../programs/program-identities.js';
import { programOfCpe } from '../../programs/programs.js';
import type { VersionEvent } from '../../ranges.js';
import { type Cpe, isLinux, isOtherPlatform, isOtherSystem, readCpe } from './cpe.js';
import { clearingEntry, mergedEntries, programEntry } from './program-entry.js';

const configurationSchema = z.object({
  operator: z.enum(['AND', 'OR']).nullish().catch(undefined),
  negate: z.boolean().nullish(),
  nodes: anything,
});
const nodeSchema = z.object({
  operator: z.enum(['AND', 'OR']).nullish().catch(undefined),
  negate: z.boolean().nullish(),
  cpeMatch: anything,
});
const version = shortText.transform((text) => text.trim()).optional();
const matchSchema = z.object({
  vulnerable: z.boolean(),
  criteria: z.string(),
  versionStartIncluding: version,
  versionStartExcluding: version,
  versionEndIncluding: version,
  versionEndExcluding: version,
});

type Match = z.infer<typeof matchSchema> & { cpe: Cpe };

/** Part of a configuration; it holds if one of its alternatives does. */
type Alternatives = readonly Match[];

/** Limit on entries of one record; the largest list some 2,000 versions of a product. */
const maxEntries = 10_000;
/** Limit on nodes, and on CPEs of a joint node: each is compared with all others. */
const maxOperands = 1_000;

/**
 * Entries about recognized programs: one for each vulnerable CPE. The other operands of its `AND`
 * must hold, too. A program that is vulnerable on other systems than Linux only is cleared, also of
 * records that do not know that.
 * @param dropped receives the places of parts that could not be read
 */
export function entriesOf(configurations: unknown, dropped: string[]): AffectedPackage[] {
  const entries: AffectedPackage[] = [];
  const excluded = new Set<ProgramIdentity>();
  for (const { match, platforms } of vulnerableMatches(configurations, dropped)) {
    const program = programOfCpe(match.cpe.product);
    if (program === undefined) continue;
    if (platforms === undefined || isOfOtherPlatform(match.cpe)) excluded.add(program);
    else entries.push(...entryOf(program, match, platforms));
    if (entries.length > maxEntries) throw new LimitExceeded('maxEntries', `more than ${maxEntries} versions`);
  }
  const named = new Set(entries.map(({ name }) => name));
  const elsewhere = [...excluded].filter(({ name }) => !named.has(name)).map(clearingEntry);
  return [...mergedEntries(entries), ...elsewhere];
}

/** CPEs that are vulnerable, with the platforms that are needed beside them. */
function* vulnerableMatches(
  configurations: unknown,
  dropped: string[],
): Generator<{ match: Match; platforms: string[] | undefined }> {
  for (const configuration of readEach(configurations, configurationSchema, 'configurations', dropped)) {
    // Neither occurs in NVD, and the opposite of a list of products is no list of products.
    if (configuration.negate === true) continue;
    const nodes = readEach(configuration.nodes, nodeSchema, 'configurations nodes', dropped);
    const operands = nodes.flatMap((node) => (node.negate === true ? [] : operandsOf(node, dropped)));
    const isJoint = configuration.operator === 'AND';
    if (operands.length > maxOperands) throw new LimitExceeded('maxOperands', `more than ${maxOperands} operands`);
    for (const operand of operands) {
      const others = isJoint ? operands.filter((each) => each !== operand) : operand.siblings;
      const platforms = platformsOf(others);
      for (const match of operand.alternatives) {
        if (match.vulnerable && match.cpe.part !== 'h') yield { match, platforms };
      }
    }
  }
}

interface Operand {
  alternatives: Alternatives;
  /** Further operands of the same node, which must hold as well. */
  siblings: readonly Operand[];
}

/** An `OR` is one operand with alternatives, an `AND` an operand for each of its CPEs. */
function operandsOf({ operator, cpeMatch }: z.infer<typeof nodeSchema>, dropped: string[]): Operand[] {
  const matches = readEach(cpeMatch, matchSchema, 'configurations cpeMatch', dropped).flatMap((match) => {
    const cpe = readCpe(match.criteria);
    return cpe === undefined ? [] : [{ ...match, cpe }];
  });
  if (operator === 'AND' && matches.length > maxOperands) {
    throw new LimitExceeded('maxOperands', `more than ${maxOperands} operands`);
  }
  if (operator !== 'AND') return matches.length === 0 ? [] : [{ alternatives: matches, siblings: [] }];
  const operands: { alternatives: Alternatives; siblings: Operand[] }[] = matches.map((match) => ({
    alternatives: [match],
    siblings: [],
  }));
  for (const operand of operands) operand.siblings.push(...operands.filter((each) => each !== operand));
  return operands;
}

function entryOf(program: ProgramIdentity, match: Match, platforms: readonly string[]): AffectedPackage[] {
  const { cpe } = match;
  const versions = versionsOf(match, program);
  if (!versions) return [];
  return [programEntry(program, { cpe: cpe.product, ...versions, platforms: [...platforms, ...targetOf(cpe)] })];
}

/** Fields in which older names of CPE put the platform. */
function isOfOtherPlatform({ edition, targetSoftware }: Cpe): boolean {
  return isOtherPlatform(edition) || isOtherPlatform(targetSoftware);
}

/** Software that a special edition of the program is made for: `pivotal_cloud_foundry`. */
function targetOf({ targetSoftware }: Cpe): string[] {
  return /^(\*|-|linux|linux_kernel|unix)$/.test(targetSoftware) ? [] : [targetSoftware];
}

/** Platforms of which one of each operand must be present; undefined if none can be. */
function platformsOf(operands: readonly Operand[]): string[] | undefined {
  const platforms: string[] = [];
  for (const { alternatives } of operands) {
    const possible = alternatives.filter(({ cpe }) => !isOtherSystem(cpe));
    if (possible.length === 0) return undefined;
    if (possible.some(({ cpe }) => isLinux(cpe))) continue;
    platforms.push([...new Set(possible.map(({ cpe }) => cpe.product))].slice(0, maxPlatforms).join(' or '));
  }
  return platforms;
}

const maxPlatforms = 5;

/** Versions of a match, listed or as a range; undefined for none at all. */
function versionsOf(
  { cpe, ...bounds }: Match,
  { spelling = (text) => text }: ProgramIdentity,
): Pick<AffectedPackage, 'versions' | 'ranges' | 'doubt'> | undefined {
  if (cpe.version === '-') return undefined;
  if (cpe.version !== '*') return { versions: [spelling(joined(cpe.version, cpe.update))], ranges: [] };
  const { versionStartIncluding, versionStartExcluding, versionEndIncluding, versionEndExcluding } = bounds;
  const start = versionStartIncluding ?? versionStartExcluding;
  const events: VersionEvent[] = [
    start === undefined
      ? { introduced: '0' }
      : { introduced: spelling(start), ...(versionStartIncluding === undefined && { isExclusive: true as const }) },
  ];
  if (versionEndExcluding !== undefined) events.push({ fixed: spelling(versionEndExcluding) });
  else if (versionEndIncluding !== undefined) {
    events.push({ last_affected: spelling(joined(versionEndIncluding, cpe.update)) });
  }
  const isUnbounded = start === undefined && events.length === 1;
  return {
    versions: [],
    ranges: [{ type: 'ECOSYSTEM', events }],
    ...(isUnbounded && { doubt: 'all-versions' as const }),
  };
}

/** `7.2p2` of the version 7.2 with the update p2. */
function joined(number: string, update: string): string {
  if (update === '*' || update === '-') return number;
  return /^[a-z]/.test(update) ? `${number}${update}` : `${number}.${update}`;
}
