import type { OsRelease } from '@tidewaiter/domain';

/** A release of a distribution, as OSV writes it: `Debian` and `12`, `Alpine` and `v3.20`, `Ubuntu` and `22.04:LTS`. */
export interface Distribution {
  ecosystem: string;
  release: string;
}

/** From `ID` of os-release to the ecosystem, and from `VERSION_ID` to the release, which is null where we do not know it. */
const releases: ReadonlyMap<string, { ecosystem: string; release: (versionId: string) => string | null }> = new Map([
  ['alpaquita', { ecosystem: 'Alpaquita', release: alpaquitaRelease }],
  ['alpine', { ecosystem: 'Alpine', release: alpineRelease }],
  ['debian', { ecosystem: 'Debian', release: debianRelease }],
  ['ubuntu', { ecosystem: 'Ubuntu', release: ubuntuRelease }],
]);

/**
 * Finds out whose advisories speak about the packages of an image; null when nobody's do, which is to be reported, not taken for
 * safe. `ID_LIKE` is never asked: a derivative rebuilds packages with versions of its own.
 */
export function distributionOf(os: OsRelease): Distribution | null {
  const known = releases.get(os.id);
  const release = known?.release(os.versionId ?? '') ?? null;
  return known && release !== null ? { ecosystem: known.ecosystem, release } : null;
}

function alpaquitaRelease(versionId: string): string | null {
  return /^(stream|[0-9]{1,3})$/.test(versionId) ? versionId : null;
}

function alpineRelease(versionId: string): string | null {
  const [, branch, next] = /^([0-9]{1,3}\.[0-9]{1,3})(?:\.[0-9]{1,3})?(_alpha[0-9]{1,8})?$/.exec(versionId) ?? [];
  if (branch === undefined) return null;
  // Edge calls itself an alpha of the release that it will become.
  return next === undefined ? `v${branch}` : 'edge';
}

function debianRelease(versionId: string): string | null {
  return /^([0-9]{1,3})(?:\.[0-9]{1,3})*$/.exec(versionId)?.[1] ?? null;
}

function ubuntuRelease(versionId: string): string | null {
  const [, year, month] = /^([0-9]{1,2})\.(04|10)$/.exec(versionId) ?? [];
  if (year === undefined) return null;
  const isLongTerm = Number(year) % 2 === 0 && month === '04';
  return isLongTerm ? `${versionId}:LTS` : versionId;
}
