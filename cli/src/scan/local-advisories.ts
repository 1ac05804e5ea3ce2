import {
  type AdvisoryCandidate,
  advisoryKeyOf,
  type Distribution,
  distributionOf,
  matchPackage,
  type OsvAdvisory,
  type PackageMatch,
  readOsvRecord,
  theOneThatSpeaks,
  type Vulnerability,
  vulnerabilityFinding,
} from '@tidewaiter/advisories';
import { type Finding, type ImagePackage, type OsRelease, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { advisorySources } from '../advisories-source.js';

export interface Judged {
  findings: Finding[];
  warnings: Warning[];
  /** When the newest advisory that was asked had been modified, ISO 8601. */
  asOf: string | null;
}

/**
 * Matches the packages of an image against OSV records in files.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function judgePackages(
  packages: readonly ImagePackage[],
  os: OsRelease | null,
  path: string,
): Promise<Judged> {
  const distribution = os && distributionOf(os);
  const none = { findings: [], asOf: null };
  if (!distribution) return { ...none, warnings: [unknownOs(os), ...unjudged(packages, null)] };
  const advisories = await loadAdvisories(path, distribution, packages);
  if (advisories.asOf === null) {
    const { ecosystem, release } = distribution;
    const message = `no advisories for ${ecosystem}:${release} in ${path}`;
    return { ...none, warnings: [...advisories.warnings, { code: 'ADVISORIES_MISSING', path: null, message }] };
  }
  const findings = packages.flatMap((each) => findingsOf(each, distribution, advisories));
  const warnings = [...advisories.warnings, ...unjudged(packages, distribution)];
  return { findings, warnings, asOf: advisories.asOf };
}

function unknownOs(os: OsRelease | null): Warning {
  const message = os
    ? `no advisories are known for ${os.name}`
    : 'no distribution recognised: its packages cannot be judged';
  return { code: 'OS_UNKNOWN', path: null, message };
}

/** Packages of languages are listed and, so far, judged by nobody: a reader must not take silence for a clean bill. */
function unjudged(packages: readonly ImagePackage[], distribution: Distribution | null): Warning[] {
  const isJudged = (each: ImagePackage) => distribution !== null && advisoryKeyOf(each, distribution).names.length > 0;
  const byType = Map.groupBy(
    packages.filter((each) => each.state === 'present' && !isJudged(each)),
    ({ type }) => type,
  );
  return [...byType].map(([type, { length }]) => {
    const message = `${length} ${type} ${length === 1 ? 'package was' : 'packages were'} not judged: no advisories are matched for ${type} yet`;
    return { code: 'PACKAGES_NOT_JUDGED', path: null, message };
  });
}

interface LoadedAdvisories {
  byId: Map<string, OsvAdvisory>;
  /** By the name of the package. */
  candidates: Map<string, AdvisoryCandidate[]>;
  warnings: Warning[];
  asOf: string | null;
}

/** Reads what may concern these packages; a folder with archives of other ecosystems costs nothing. */
async function loadAdvisories(
  path: string,
  distribution: Distribution,
  packages: readonly ImagePackage[],
): Promise<LoadedAdvisories> {
  const names = new Set(packages.flatMap((each) => advisoryKeyOf(each, distribution).names));
  const loaded: LoadedAdvisories = { byId: new Map(), candidates: new Map(), warnings: [], asOf: null };
  const sources = await advisorySources(path);
  const own = sources.filter(({ name }) => name.split(':')[0] === distribution.ecosystem);
  let rejected = 0;
  for (const source of own.length > 0 ? own : sources) {
    for await (const item of source.records()) {
      const advisory = 'error' in item ? undefined : readRecord(item.json);
      if (advisory) keep(loaded, advisory, distribution, names);
      else rejected += 1;
    }
  }
  const message = `${rejected} advisories of ${path} cannot be read`;
  if (rejected > 0) loaded.warnings.push({ code: 'ADVISORIES_DAMAGED', path: null, message });
  return loaded;
}

function readRecord(json: unknown): OsvAdvisory | undefined {
  try {
    return readOsvRecord(json);
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}

function keep(loaded: LoadedAdvisories, advisory: OsvAdvisory, { ecosystem }: Distribution, names: Set<string>): void {
  const own = advisory.affected.filter((entry) => entry.ecosystem === ecosystem);
  if (own.length === 0) return;
  if (loaded.asOf === null || advisory.modified > loaded.asOf) loaded.asOf = advisory.modified;
  if (advisory.withdrawn !== null) return;
  for (const entry of own) {
    if (!names.has(entry.name)) continue;
    loaded.byId.set(advisory.id, advisory);
    const others = loaded.candidates.get(entry.name) ?? [];
    others.push({ ...entry, advisoryId: advisory.id });
    loaded.candidates.set(entry.name, others);
  }
}

function findingsOf(each: ImagePackage, distribution: Distribution, { byId, candidates }: LoadedAdvisories): Finding[] {
  const named = advisoryKeyOf(each, distribution).names.flatMap((name) => candidates.get(name) ?? []);
  const vulnerabilities = new Map<string, Vulnerability>();
  for (const match of matchPackage(each, distribution, named)) {
    const vulnerability = vulnerabilityOf(match, byId.get(match.advisoryId)!);
    const known = vulnerabilities.get(vulnerability.id) ?? vulnerability;
    vulnerabilities.set(vulnerability.id, theOneThatSpeaks(known, vulnerability));
  }
  return [...vulnerabilities.values()].map((vulnerability) => vulnerabilityFinding(vulnerability, each));
}

function vulnerabilityOf({ advisoryId, severity, state, fix }: PackageMatch, advisory: OsvAdvisory): Vulnerability {
  return {
    id: advisory.vulnerabilityId,
    advisoryId,
    published: advisory.published,
    aliases: advisory.aliases,
    severity: severity ?? advisory.severity,
    title: advisory.title,
    match: state,
    fix: { state: fix.state, version: fix.version ?? null },
    cvss: advisory.cvss,
  };
}
