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
  ['quantal', '12.10'],
  ['raring', '13.04'],
  ['saucy', '13.10'],
  ['trusty', '14.04:LTS'],
  ['utopic', '14.10'],
  ['vivid', '15.04'],
  ['wily', '15.10'],
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

/** Suite of a release itself: `bookworm` of `12`, `jammy` of `22.04:LTS`, `v3.20` of `v3.20`. */
export function suiteOfRelease(release: string): string {
  for (const releases of [debianReleases, ubuntuReleases]) {
    for (const [codename, each] of releases) if (each === release) return codename;
  }
  return release;
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

/** Whether a release is later than another; any is, if that is unknown. */
export function isLater(release: string, than: string | null): boolean {
  return than === null || releaseOrder(release) > releaseOrder(than);
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

/** Release that a version of Debian names: that of its update, `+deb12u1`, or of its backport. */
export function debianReleaseIn(version: string): string | undefined {
  const digits = [...version.matchAll(/[+~]deb(\d{1,2})u\d{1,3}(?=$|[+~.])/g)].at(-1)?.[1];
  // Debian 6 and 7 wrote a zero behind, as in backports.
  return digits === '60' || digits === '70' ? digits.charAt(0) : digits;
}

/**
 * Release that a version of Ubuntu names: `1.2-3ubuntu0.22.04.1`, `2.63+22.04`. Those in the
 * upstream version are of a snapshot, those of backports (`~ubuntu22.04.1`) where they are for.
 */
export function ubuntuReleaseIn(version: string): string | undefined {
  const revision = version.slice(version.lastIndexOf('-') + 1);
  const [, number] = /(?:[~+]|ubuntu\d{1,3}\.|build0?\.?)(\d\d\.(?:04|10))(?=$|[.+~])/.exec(revision) ?? [];
  return number === undefined
    ? undefined
    : [...ubuntuReleases.values()].find((release) => release.replace(/:LTS$/, '') === number);
}

/**
 * Whether a version of Debian with the fix of a later release is none of this release: the tracker
 * would have listed the same fix here. Updates of a release have fixes of their own.
 */
export function isPastDebianFix(version: string, fixed: string): boolean {
  return debianReleaseIn(version) === undefined && debianReleaseIn(fixed) === undefined;
}

/**
 * Whether two versions are updates of one version of Ubuntu, `7.81.0-1ubuntu1.15` and
 * `7.81.0-1ubuntu1.20`: only one release has that version.
 */
export function isSameUbuntuLine(version: string, fixed: string): boolean {
  const line = ubuntuLine(version);
  return line !== undefined && line === ubuntuLine(fixed);
}

function ubuntuLine(version: string): string | undefined {
  if (ubuntuReleaseIn(version) !== undefined) return undefined;
  return /^(.*ubuntu\d{1,3})\.\d{1,3}(?:\.\d{1,3})?(?:\+esm\d{1,3})?$/.exec(version)?.[1];
}

/** Version of the package that a package of backports was built from. */
export function withoutBackport(version: string): string {
  return version.replace(backport, '');
}
