import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';

/** Parts of a purl between its type and its version. */
type Coordinates = readonly [namespace: string, name: string];

/** Distributions that share a kind of package. */
interface Family {
  ids: ReadonlySet<string>;
  /** Namespace for an unknown distribution. */
  namespace: string;
}

// Derivatives name their parent in os-release; the ones listed here do not, or not in all releases.
const families: Partial<Record<PackageType, Family>> = {
  alpm: {
    ids: new Set('arch archarm arch32 artix cachyos endeavouros garuda manjaro msys2 steamos'.split(' ')),
    namespace: 'arch',
  },
  deb: {
    ids: new Set(
      'debian ubuntu kali raspbian devuan linuxmint lmde pureos deepin parrot elementary pop neon zorin astra uos'.split(
        ' ',
      ),
    ),
    namespace: 'debian',
  },
  apk: {
    ids: new Set('alpine wolfi chainguard alpaquita postmarketos adelie chimera minimos openwrt'.split(' ')),
    namespace: 'alpine',
  },
  opkg: {
    ids: new Set('openwrt lede immortalwrt turrisos libreelec poky'.split(' ')),
    namespace: 'openwrt',
  },
  rpm: {
    ids: new Set(
      [
        'rhel fedora centos rocky almalinux ol amzn scientific virtuozzo eurolinux miraclelinux circle nobara',
        'suse opensuse sles sled sle_hpc sl-micro sle-micro suse-microos opensuse-leap opensuse-tumbleweed opensuse-microos',
        'mariner azurelinux photon openeuler euleros hce anolis alinux opencloudos tencentos kylin bottlerocket',
        'mageia openmandriva rosa altlinux pld xenenterprise wrlinux clear-linux-os',
      ].flatMap((ids) => ids.split(' ')),
    ),
    namespace: '',
  },
};

const whole = (name: string): Coordinates => ['', name];
const lowered = (name: string): Coordinates => ['', name.toLowerCase()];
const loweredPath = (name: string): Coordinates => splitPath(name.toLowerCase());

/**
 * Splits and normalizes the full name of a record by type. Go's paths and npm's old names are
 * case-sensitive.
 */
const coordinates: Record<PackageType, (name: string) => Coordinates> = {
  alpm: lowered,
  apk: lowered,
  bitnami: lowered,
  brew: whole,
  cargo: whole,
  composer: loweredPath,
  conan: splitPath,
  conda: whole,
  cpan: splitPath,
  cran: whole,
  deb: lowered,
  ebuild: splitPath,
  flatpak: whole,
  gem: whole,
  generic: splitPath,
  githubactions: loweredPath,
  golang: splitPath,
  hackage: whole,
  hex: loweredPath,
  julia: whole,
  luarocks: loweredPath,
  maven: splitGroup,
  nix: whole,
  npm: splitPath,
  nuget: whole,
  opkg: whole,
  otp: lowered,
  pub: (name) => ['', name.toLowerCase().replaceAll('-', '_')],
  pypi: (name) => ['', name.toLowerCase().replaceAll(/[-_.]+/g, '-')],
  rpm: whole,
  snap: whole,
  swift: splitPath,
};

/**
 * Identity of a package in the fleet. A package of another family than the image's (a Debian
 * database on Alpine) belongs to no known release, so its purl has no `distro`.
 * @see https://github.com/package-url/purl-spec/tree/main/types
 */
export function purlOf(record: PackageRecord, os: OsRelease | null): string {
  const [ownNamespace, name] = coordinates[record.type](record.name);
  const family = families[record.type];
  const release = family && os && [os.id, ...os.idLike].some((id) => family.ids.has(id)) ? os : null;
  const namespace = family ? (release ? vendorOf(release.id) : family.namespace) : ownNamespace;
  const { epoch, version } = splitEpoch(record);
  const qualifiers = {
    ...record.qualifiers,
    ...(record.arch !== undefined && { arch: record.arch }),
    ...(release && { distro: releaseOf(release) }),
    ...(epoch !== undefined && { epoch }),
  };
  const path = [...namespace.split('/'), name].filter(Boolean).map(encode).join('/');
  return `pkg:${record.type}/${path}@${encode(version)}${query(qualifiers)}`;
}

/** All editions of openSUSE are one vendor; the release distinguishes them. */
function vendorOf(id: string): string {
  return id.startsWith('opensuse-') ? 'opensuse' : id;
}

function releaseOf({ id, versionId }: OsRelease): string {
  return versionId === undefined ? id : `${id}-${versionId}`;
}

/** Purls of rpm packages carry the epoch as a qualifier, those of deb packages in the version. */
function splitEpoch({ type, version }: PackageRecord): { epoch?: string; version: string } {
  const colon = type === 'rpm' ? version.indexOf(':') : -1;
  return colon === -1 ? { version } : { epoch: version.slice(0, colon), version: version.slice(colon + 1) };
}

function splitPath(name: string): Coordinates {
  const slash = name.lastIndexOf('/');
  // A name that ends in a slash has no last segment; it stays whole rather than losing its name.
  return slash === -1 || slash === name.length - 1 ? whole(name) : [name.slice(0, slash), name.slice(slash + 1)];
}

function splitGroup(name: string): Coordinates {
  const colon = name.indexOf(':');
  return colon < 1 || colon === name.length - 1 ? whole(name) : [name.slice(0, colon), name.slice(colon + 1)];
}

function query(qualifiers: Record<string, string>): string {
  const entries = Object.entries(qualifiers).filter(([, value]) => value !== '');
  if (entries.length === 0) return '';
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `?${sorted.map(([key, value]) => `${key}=${encode(value)}`).join('&')}`;
}

/** The specification requires a plain colon and everything else encoded. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%3A', ':');
}
