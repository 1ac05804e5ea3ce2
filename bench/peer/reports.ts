/** Reports of both scanners, reduced to what can be compared: packages and their findings. */
import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';

/** Package in the terms of both scanners. */
export interface ComparedPackage {
  /** Type, name and version. */
  identity: string;
  record: Pick<PackageRecord, 'type' | 'name' | 'version' | 'source' | 'foundIn'>;
}

export interface ComparedReport {
  packages: ComparedPackage[];
  /** Identity of the package and id of the vulnerability. */
  findings: string[];
}

interface OwnReport {
  os: OsRelease | null;
  packages: (PackageRecord & { purl: string; state: string })[];
  findings: { kind: string; id: string; purl?: string; state: string }[];
}

interface TrivyReport {
  Results?: {
    Target: string;
    Class: string;
    Packages?: TrivyPackage[];
    Vulnerabilities?: { VulnerabilityID: string; PkgIdentifier: { PURL?: string } }[];
  }[];
}

interface TrivyPackage {
  Name: string;
  Version?: string;
  Release?: string;
  Epoch?: number;
  SrcName?: string;
  SrcVersion?: string;
  SrcRelease?: string;
  SrcEpoch?: number;
  FilePath?: string;
  Identifier?: { PURL?: string };
}

export function readOwnReport(text: string): ComparedReport & { os: OsRelease | null } {
  const { os, packages, findings } = JSON.parse(text) as OwnReport;
  return {
    os,
    packages: packages
      .filter(({ state }) => state === 'present')
      .map((record) => ({ identity: identityOf(record.purl), record })),
    findings: findings
      .filter(({ kind, state }) => kind === 'vulnerability' && state === 'present')
      .map(({ id, purl = '' }) => `${identityOf(purl)} ${id}`),
  };
}

/** `idsOf` translates the name of an entry of the database into the ids of its vulnerabilities. */
export function readTrivyReport(text: string, idsOf: (entry: string) => readonly string[]): ComparedReport {
  const { Results = [] } = JSON.parse(text) as TrivyReport;
  return {
    packages: Results.flatMap(({ Target, Packages = [] }) => Packages.flatMap((each) => packageOf(each, Target))),
    findings: Results.flatMap(({ Vulnerabilities = [] }) =>
      Vulnerabilities.flatMap(({ VulnerabilityID, PkgIdentifier: { PURL = '' } }) =>
        idsOf(VulnerabilityID).map((id) => `${identityOf(PURL)} ${id}`),
      ),
    ),
  };
}

function packageOf(each: TrivyPackage, target: string): ComparedPackage[] {
  const { PURL } = each.Identifier ?? {};
  if (PURL === undefined) return [];
  const type = /^pkg:([a-z]+)\//.exec(PURL)?.[1] as PackageType;
  const version = versionOf(each.Epoch, each.Version, each.Release);
  const source = {
    name: each.SrcName ?? each.Name,
    version: versionOf(each.SrcEpoch, each.SrcVersion ?? each.Version, each.SrcRelease ?? each.Release),
  };
  const record = { type, name: each.Name, version, source, foundIn: each.FilePath ?? target };
  return [{ identity: identityOf(PURL), record }];
}

function versionOf(epoch = 0, version = '', release = ''): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}${release === '' ? '' : `-${release}`}`;
}

/**
 * Package of a purl without what the scanners only write in different ways: the epoch, the vendor
 * of RPM packages, the `v` of Go, capitals and dots of names.
 */
function identityOf(purl: string): string {
  const [, type = '', path = '', version = ''] = /^pkg:([a-z]+)\/([^?#]*?)(?:@([^@?#]*))?(?:[?#]|$)/.exec(purl) ?? [];
  const epoch = /[?&]epoch=([1-9]\d*)/.exec(purl)?.[1];
  const plain = decodeURIComponent(version);
  const name = decodeURIComponent(path);
  if (type === 'golang') return `golang ${name.toLowerCase()} ${plain.replace(/^v|^\(devel\)$/, '')}`;
  if (type === 'pypi') return `pypi ${name.replaceAll(/[-_.]+/g, '-').toLowerCase()} ${plain}`;
  const full = type === 'rpm' ? name.replace(/^.*\//, '') : name;
  return `${type} ${full} ${epoch === undefined ? '' : `${epoch}:`}${plain}`;
}
