import { createHash } from 'node:crypto';

import { type AdvisorySummary, type Finding, findingOf, type ImagePackage } from '@tidewaiter/domain';

import type { PackageMatch } from './match-package.js';

/** An advisory that hits a package, and how. */
export interface Hit {
  advisory: AdvisorySummary;
  match: PackageMatch;
}

/** What a finding shows of the package that has it. */
export type VulnerablePackage = Pick<
  ImagePackage,
  'type' | 'name' | 'version' | 'purl' | 'foundIn' | 'layer' | 'state'
>;

/** The findings of one package: one for each vulnerability, however many advisories are about it. */
export function packageFindings(pkg: VulnerablePackage, hits: readonly Hit[]): Finding[] {
  const byVulnerability = Map.groupBy(hits, ({ advisory }) => advisory.vulnerabilityId);
  return [...byVulnerability].map(([id, about]) => findingAbout(id, pkg, about));
}

function findingAbout(id: string, pkg: VulnerablePackage, hits: readonly Hit[]): Finding {
  const { advisory, match } = hits.toSorted(byPrecedence)[0]!;
  const aliases = new Set(hits.flatMap(({ advisory: each }) => [each.id, ...each.aliases]));
  aliases.delete(id);
  return findingOf({
    kind: 'vulnerability',
    id,
    aliases: [...aliases].toSorted(),
    severity: match.severity ?? advisory.severity,
    title: advisory.title,
    fingerprint: vulnerabilityFingerprint(id, pkg),
    purl: pkg.purl,
    packageName: pkg.name,
    installedVersion: pkg.version,
    path: pkg.foundIn,
    layer: pkg.layer,
    state: pkg.state,
    match: match.state,
    fix: { state: match.fix.state, version: match.fix.version ?? null },
    cvss: advisory.cvss,
    confidence: match.state === 'affected' ? 'certain' : 'possible',
    evidence: {
      advisory: advisory.id,
      ...(advisory.published !== null && { published: advisory.published }),
      ...match.evidence,
    },
  });
}

/** What surely hits speaks first, then what knows a fix. */
function byPrecedence(one: Hit, other: Hit): number {
  return precedence(one) < precedence(other) ? -1 : 1;
}

function precedence({ match: { state, fix, advisoryId } }: Hit): string {
  return [state === 'affected' ? 0 : 1, fix.version === undefined ? 1 : 0, advisoryId].join(' ');
}

/** What a vulnerability of a package is known by. Has neither version nor digest: the same hole in the next push is the same finding. */
export function vulnerabilityFingerprint(id: string, { type, name }: { type: string; name: string }): string {
  return createHash('sha256').update(['vulnerability', id, type, name].join('\n')).digest('hex');
}
