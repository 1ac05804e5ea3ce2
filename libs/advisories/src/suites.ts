/** Debian's releases by codename. @see https://wiki.debian.org/DebianReleases */
const debianReleases: ReadonlyMap<string, string> = new Map([
  ['squeeze', '6'],
  ['wheezy', '7'],
  ['jessie', '8'],
  ['stretch', '9'],
  ['buster', '10'],
  ['bullseye', '11'],
  ['bookworm', '12'],
  ['trixie', '13'],
  ['forky', '14'],
  ['duke', '15'],
]);

/**
 * The release that Debian prepares. Packages of unstable are evaluated by it: they are its next
 * ones, and the tracker's data of unstable is not published in OSV.
 */
const debianTesting = '14';
const debianPrepared: ReadonlySet<string> = new Set(['testing', 'unstable', 'sid', 'experimental', 'rc-buggy']);

/** Ubuntu's releases by codename. @see https://wiki.ubuntu.com/Releases */
const ubuntuReleases: ReadonlyMap<string, string> = new Map([
  ['precise', '12.04:LTS'],
  ['trusty', '14.04:LTS'],
  ['xenial', '16.04:LTS'],
  ['yakkety', '16.10'],
  ['zesty', '17.04'],
  ['artful', '17.10'],
  ['bionic', '18.04:LTS'],
  ['cosmic', '18.10'],
  ['disco', '19.04'],
  ['eoan', '19.10'],
  ['focal', '20.04:LTS'],
  ['groovy', '20.10'],
  ['hirsute', '21.04'],
  ['impish', '21.10'],
  ['jammy', '22.04:LTS'],
  ['kinetic', '22.10'],
  ['lunar', '23.04'],
  ['mantic', '23.10'],
  ['noble', '24.04:LTS'],
  ['oracular', '24.10'],
  ['plucky', '25.04'],
  ['questing', '25.10'],
  ['resolute', '26.04:LTS'],
]);

/**
 * Release of a suite of Debian: `bookworm-security`, `buster/updates`, `sid`. Undefined for
 * backports, whose packages name their release, for names that change their meaning, such as
 * `stable`, and for those of others.
 */
export function debianRelease(suite: string): string | undefined {
  const [, name] = /^([a-z-]{1,40}?)(?:\/updates|-security|-updates|-proposed-updates|-lts|-debug)?$/.exec(suite) ?? [];
  if (name === undefined) return undefined;
  return debianPrepared.has(name) ? debianTesting : debianReleases.get(name);
}

/** The same for Ubuntu: `jammy-security`, `noble-proposed`. Suites of Pro belong to no release. */
export function ubuntuRelease(suite: string): string | undefined {
  const [, name] = /^([a-z]{1,40})(?:-security|-updates|-proposed)?$/.exec(suite) ?? [];
  return name === undefined ? undefined : ubuntuReleases.get(name);
}

/** A branch of Alpine is its release. */
export function alpineBranch(suite: string): string | undefined {
  return /^(?:v\d{1,3}\.\d{1,3}|edge)$/.test(suite) ? suite : undefined;
}

/** Whether this is a suite of Ubuntu Pro with fixes of packages: `xenial-infra-security`. */
export function isProSuite(suite: string): boolean {
  return /^[a-z]{1,40}-(?:infra|apps)-(?:security|updates)$/.test(suite);
}

/** Number of a release, by which a newer one has the higher: of `v3.18`, `22.04:LTS`, `edge`. */
export function releaseOrder(release: string): number {
  if (release === 'edge') return Infinity;
  const [, major = '0', minor = '0'] = /^v?(\d{1,3})(?:\.(\d{1,3}))?/.exec(release) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/** Debian release of an image of testing or unstable, by its display name. */
export function preparedRelease(name: string): string | undefined {
  const [, codename = ''] = /(?:^| )([a-z]{3,20})\/sid$/.exec(name) ?? [];
  return debianReleases.get(codename);
}

/**
 * Packages of backports are those of the next release, built again: `1.2-3~bpo12+1` is `1.2-3` of
 * Debian 13.
 */
const backport = /~bpo\.?(\d{1,2})(?:\+\d{1,4})?(?:u\d{1,4})?$/;

/** Release that a package of Debian's backports was built from. */
export function backportedFrom(version: string): string | undefined {
  const [, digits] = backport.exec(version) ?? [];
  if (digits === undefined) return undefined;
  // Debian 6 and 7 wrote a zero behind: `~bpo60+1`.
  const target = digits === '60' || digits === '70' ? Number(digits) / 10 : Number(digits);
  return String(target + 1);
}

/** Version of the package that a package of backports was built from. */
export function withoutBackport(version: string): string {
  return version.replace(backport, '');
}
