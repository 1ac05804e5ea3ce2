import type { OsRelease } from '@tidewaiter/domain';

import { familyOf } from './hardened-images.js';
import { preparedRelease } from './suites.js';

/**
 * Release of a distribution, as OSV writes it: `Debian` and `12`, `Alpine` and `v3.20`, `Ubuntu`
 * and `22.04:LTS`.
 */
export interface Distribution {
  ecosystem: string;
  /** Null for a distribution without releases. */
  release: string | null;
}

interface DistributionRule {
  ecosystem: string;
  /** Undefined if the release cannot be determined. */
  release: (os: OsRelease) => string | null | undefined;
}

const byVersion =
  (pattern: RegExp): DistributionRule['release'] =>
  ({ versionId = '' }) =>
    pattern.exec(versionId)?.[1];
const major = byVersion(/^(\d{1,3})(?:\.\d{1,8}){0,3}$/);
const minor = byVersion(/^(\d{1,3}\.\d{1,3})(?:\.\d{1,8})?$/);
const snapshot = byVersion(/^(20\d{6})$/);
const rolling = () => null;

/**
 * Distributions by the `ID` of os-release. A derivative has an entry only if it uses the other
 * distribution's packages unchanged.
 */
const known: ReadonlyMap<string, DistributionRule> = new Map<string, DistributionRule>([
  // The second names are those of Trivy's purls.
  ['alma', { ecosystem: 'AlmaLinux', release: major }],
  ['almalinux', { ecosystem: 'AlmaLinux', release: major }],
  ['alpaquita', { ecosystem: 'Alpaquita', release: byVersion(/^(stream|\d{1,3})$/) }],
  ['alpine', { ecosystem: 'Alpine', release: alpineRelease }],
  ['amzn', { ecosystem: 'Amazon Linux', release: amazonRelease }],
  ['azurelinux', { ecosystem: 'Azure Linux', release: major }],
  [
    'bellsoft-hardened-containers',
    { ecosystem: 'BellSoft Hardened Containers', release: byVersion(/^(stream|\d{1,3})$/) },
  ],
  ['cbl-mariner', { ecosystem: 'Azure Linux', release: major }],
  // Rebuilt by Red Hat itself, with its versions.
  ['centos', { ecosystem: 'Red Hat', release: major }],
  ['chainguard', { ecosystem: 'Chainguard', release: rolling }],
  ['debian', { ecosystem: 'Debian', release: (os) => major(os) ?? preparedRelease(os.name) }],
  ['echo', { ecosystem: 'Echo', release: rolling }],
  ['mageia', { ecosystem: 'Mageia', release: major }],
  ['mariner', { ecosystem: 'Azure Linux', release: major }],
  ['minimos', { ecosystem: 'MinimOS', release: rolling }],
  ['ol', { ecosystem: 'Oracle Linux', release: major }],
  ['openeuler', { ecosystem: 'openEuler', release: openEulerRelease }],
  ['opensuse-leap', { ecosystem: 'openSUSE', release: (os) => prefixed('Leap ', minor(os)) }],
  ['opensuse-leap-micro', { ecosystem: 'openSUSE', release: (os) => prefixed('Leap Micro ', minor(os)) }],
  // It installs from Tumbleweed's repositories, whose snapshot it names. Early ones were of Leap.
  ['opensuse-microos', { ecosystem: 'openSUSE', release: (os) => snapshot(os) && 'Tumbleweed' }],
  ['opensuse-tumbleweed', { ecosystem: 'openSUSE', release: () => 'Tumbleweed' }],
  ['opensuse.leap', { ecosystem: 'openSUSE', release: (os) => prefixed('Leap ', minor(os)) }],
  ['opensuse.tumbleweed', { ecosystem: 'openSUSE', release: () => 'Tumbleweed' }],
  ['photon', { ecosystem: 'Photon OS', release: minor }],
  ['redhat', { ecosystem: 'Red Hat', release: major }],
  ['rhel', { ecosystem: 'Red Hat', release: major }],
  ['rocky', { ecosystem: 'Rocky Linux', release: major }],
  ['sle-micro', { ecosystem: 'SUSE', release: minor }],
  ['sl-micro', { ecosystem: 'SUSE', release: minor }],
  ['sle_hpc', { ecosystem: 'SUSE', release: suseRelease }],
  ['sled', { ecosystem: 'SUSE', release: suseRelease }],
  ['sles', { ecosystem: 'SUSE', release: suseRelease }],
  ['sles_sap', { ecosystem: 'SUSE', release: suseRelease }],
  ['ubuntu', { ecosystem: 'Ubuntu', release: ubuntuRelease }],
  ['wolfi', { ecosystem: 'Wolfi', release: rolling }],
]);

/**
 * Returns the distribution whose advisories cover the packages of an image; null without one, which
 * must be reported and not taken for safe. `ID_LIKE` is used for Docker Hardened Images alone:
 * other derivatives rebuild packages with versions of their own.
 */
export function distributionOf(image: OsRelease): Distribution | null {
  const os = familyOf(image);
  const found = known.get(os.id);
  const release = found?.release(os);
  return found && release !== undefined ? { ecosystem: found.ecosystem, release } : null;
}

function prefixed(prefix: string, release: string | null | undefined): string | undefined {
  return release ? `${prefix}${release}` : undefined;
}

/** Amazon Linux AMI, the first release, has the months of its images as versions: `2018.03`. */
function amazonRelease({ versionId = '' }: OsRelease): string | undefined {
  return /^20\d{2}\.\d{2}$/.test(versionId) ? '1' : /^(2|20\d{2})(?:\.\d{1,8}){0,2}$/.exec(versionId)?.[1];
}

function alpineRelease({ versionId = '' }: OsRelease): string | undefined {
  const [, branch, next] = /^([0-9]{1,3}\.[0-9]{1,3})(?:\.[0-9]{1,3})?(_alpha[0-9]{1,8})?$/.exec(versionId) ?? [];
  if (branch === undefined) return undefined;
  // Edge has the version of an alpha of its next release.
  return next === undefined ? `v${branch}` : 'edge';
}

function ubuntuRelease({ versionId = '' }: OsRelease): string | undefined {
  const [, year, month] = /^([0-9]{1,2})\.(04|10)$/.exec(versionId) ?? [];
  if (year === undefined) return undefined;
  const isLongTerm = Number(year) % 2 === 0 && month === '04';
  return isLongTerm ? `${versionId}:LTS` : versionId;
}

/** `15.5` is what advisories call `15 SP5`; from 16 on they call it `16.0`, as os-release does. */
function suseRelease({ versionId = '' }: OsRelease): string | undefined {
  const [, release, pack] = /^(\d{1,2})(?:\.(\d{1,2}))?$/.exec(versionId) ?? [];
  if (Number(release) >= 16) return versionId;
  return pack === undefined || pack === '0' ? release : `${release} SP${pack}`;
}

/**
 * `VERSION_ID` is `22.03` for all service packs; the display name has the pack: `openEuler 22.03
 * (LTS-SP1)`.
 */
function openEulerRelease({ versionId = '', name }: OsRelease): string | undefined {
  if (!/^\d{2}\.\d{2}$/.test(versionId)) return undefined;
  const [, edition] = /\((LTS(?:-SP\d)?)\)/.exec(name) ?? [];
  return edition === undefined ? versionId : `${versionId}-${edition}`;
}
