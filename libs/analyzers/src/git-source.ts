const commit = '([0-9a-f]{40}(?:[0-9a-f]{24})?)';
const repository = '[\\w.~-]{1,128}(?::\\d{1,5})?(?:/[\\w.~%-]{1,128}){1,8}';

/** Address of a repository, as npm, pnpm, Yarn and Cargo write it, without its credentials. */
const address = new RegExp(
  `^(?:git\\+)?(https?|ssh|git)://(?:[^@/?#\\s]{1,512}@)?(${repository})/?(?:\\?[^#\\s]{0,512})?` +
    `#(?:[^#\\s]{0,256}&)?(?:commit=)?${commit}(?:&[^#\\s]{0,256})?$`,
);
/** The same in the form of `scp`: `git@github.com:user/repository.git#commit=…`. */
const scpAddress = new RegExp(
  `^[\\w.-]{1,64}@([\\w.-]{1,128}):([\\w.~-]{1,128}(?:/[\\w.~-]{1,128}){0,7})` +
    `#(?:[^#\\s]{0,256}&)?(?:commit=)?${commit}(?:&[^#\\s]{0,256})?$`,
);
const ownerAndName = '[\\w.-]{1,100}(?:/[\\w.-]{1,100}){1,7}';
const checksum = '(?:#[0-9a-f]{40})?$';
/** Archives of one commit, which package managers fetch in place of the repository. */
const archives = [
  [
    new RegExp(`^https://codeload\\.github\\.com/(${ownerAndName})/(?:tar\\.gz|zip)/${commit}${checksum}`),
    'github.com',
  ],
  [new RegExp(`^https://github\\.com/(${ownerAndName})/archive/${commit}\\.(?:tar\\.gz|zip)${checksum}`), 'github.com'],
  [new RegExp(`^https://gitlab\\.com/(${ownerAndName})/-/archive/${commit}/[^/?#]{1,256}${checksum}`), 'gitlab.com'],
  [
    new RegExp(`^https://bitbucket\\.org/(${ownerAndName})/get/${commit}\\.(?:tar\\.gz|zip)${checksum}`),
    'bitbucket.org',
  ],
] as const;
/** Key of a lock file of pnpm before version 9. */
const hostedKey = new RegExp(`^/?((?:github\\.com|gitlab\\.com|bitbucket\\.org)/${ownerAndName})/${commit}$`);

/** Repository and commit of a package, as the qualifier of its purl. */
export interface GitSource {
  qualifiers?: { vcs_url: string };
}

/**
 * Commit that a package was taken from, of an address in a lock file; empty for one of a registry.
 * Credentials of the address are left out.
 * @see https://github.com/package-url/purl-spec, "Known qualifiers key/value pairs"
 */
export function gitSource(from: string): GitSource {
  const [, scheme, place, ofPlace] = address.exec(from) ?? [];
  if (place !== undefined && !isArchive(from, place)) return vcsUrl(scheme, place, ofPlace);
  const [, host, path, ofPath] = scpAddress.exec(from) ?? [];
  if (host !== undefined) return vcsUrl('ssh', `${host}/${path}`, ofPath);
  const [, hosted, ofHosted] = hostedKey.exec(from) ?? [];
  if (hosted !== undefined) return vcsUrl('https', hosted, ofHosted);
  for (const [pattern, archiveHost] of archives) {
    const [, name, ofArchive] = pattern.exec(from) ?? [];
    if (name !== undefined) return vcsUrl('https', `${archiveHost}/${name}`, ofArchive);
  }
  return {};
}

/** Yarn 1 appends the SHA-1 of an archive to its address: `https://example.com/a.tgz#…`. */
function isArchive(from: string, place: string): boolean {
  return from.startsWith('http') && !place.endsWith('.git') && !/[#&]commit=/.test(from);
}

function vcsUrl(scheme = 'https', place = '', ofPlace = ''): GitSource {
  return { qualifiers: { vcs_url: `git+${scheme}://${place}@${ofPlace}` } };
}
