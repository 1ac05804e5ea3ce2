import type { PackageType, Presence } from '@tidewaiter/domain';

import { blindSpots, type ScopedPackage } from './blind-spots.js';

const debian = { id: 'debian', versionId: '12', name: 'Debian 12', idLike: [] };
const bookworm = { ecosystem: 'Debian', release: '12' };
const npm = { ecosystem: 'npm', release: null };

const scoped = (type: PackageType, scope: ScopedPackage['scope'], state: Presence = 'present', query = '') => ({
  type,
  purl: `pkg:${type}/a@1${query}`,
  scope,
  state,
});

const codes = (...args: Parameters<typeof blindSpots>) =>
  blindSpots(...args).map(({ code, message }) => `${code} ${message}`);

describe('blindSpots', () => {
  it('returns nothing if all advisories are available', () => {
    expect(codes([scoped('deb', bookworm), scoped('npm', npm)], debian, [bookworm, npm])).toEqual([]);
  });

  it('names the ecosystems and releases without advisories', () => {
    expect(codes([scoped('deb', bookworm), scoped('npm', npm)], debian, [{ ...bookworm, release: '11' }])).toEqual([
      'ADVISORIES_MISSING no vulnerability data for Debian 12, its packages were not evaluated',
      'ADVISORIES_MISSING no vulnerability data for npm, its packages were not evaluated',
    ]);
  });

  it('counts packages of a commit, whose version alone is compared', () => {
    const commit = '1'.repeat(40);
    const of = (type: PackageType, query: string, state?: Presence) => scoped(type, npm, state, query);
    const url = `vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa%2Fb%40${commit}`;
    const packages = [of('npm', `?${url}`), of('npm', `?a=1&${url}&z=1`), of('cargo', `?${url}`)];
    expect(codes(packages, null, [npm])).toEqual([
      'PACKAGES_NOT_EVALUATED 2 npm packages are of a Git commit, which was not evaluated: only their versions were compared',
      'PACKAGES_NOT_EVALUATED 1 cargo package is of a Git commit, which was not evaluated: only its version was compared',
    ]);
    const others = [
      of('npm', `?${url}`, 'shadowed'),
      of('npm', `?${url}0`),
      of('npm', '?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa%2Fb%40v1.2.3'),
      of('npm', `?xvcs_url=%40${commit}`),
      scoped('deb', bookworm, 'present', `?${url}`),
    ];
    expect(codes(others, debian, [npm, bookworm])).toEqual([]);
  });

  it('names the programs without data of their own', () => {
    const program = (release: string) => ({ ecosystem: 'Program', release });
    const programs = [scoped('generic', program('nginx')), scoped('generic', program('bash'))];
    expect(codes(programs, null, [program('nginx')])).toEqual([
      'PACKAGES_NOT_EVALUATED 1 program was not evaluated: no vulnerability data for bash',
    ]);
    expect(codes(programs, null, [])).toEqual([
      'PACKAGES_NOT_EVALUATED 2 programs were not evaluated: no vulnerability data for bash, nginx',
    ]);
  });

  it('counts packages without advisories', () => {
    expect(codes([scoped('generic', null), scoped('cpan', null), scoped('cpan', null)], debian, [])).toEqual([
      'PACKAGES_NOT_EVALUATED 1 generic package was not evaluated: no advisory source covers it',
      'PACKAGES_NOT_EVALUATED 2 cpan packages were not evaluated: no advisory source covers them',
    ]);
  });

  it('reports packages of another distribution than the one that os-release names', () => {
    const alpine = { ...debian, id: 'alpine', versionId: '3.20', name: 'Alpine 3.20' };
    const packages = [scoped('deb', null), scoped('deb', null), scoped('rpm', null), scoped('nix', null)];
    expect(codes(packages, alpine, [])).toEqual([
      'OS_UNKNOWN 2 deb packages were not evaluated: Alpine 3.20 has no such packages',
      'OS_UNKNOWN 1 rpm package was not evaluated: Alpine 3.20 has no such packages',
      'PACKAGES_NOT_EVALUATED 1 nix package was not evaluated: no advisory source covers it',
    ]);
    // A vendor's package for the distribution itself decides nothing.
    expect(codes([scoped('deb', null)], debian, [])).toEqual([
      'PACKAGES_NOT_EVALUATED 1 deb package was not evaluated: no advisory source covers it',
    ]);
  });

  it('ignores packages that a later layer hides', () => {
    expect(codes([scoped('npm', npm, 'shadowed'), scoped('generic', null, 'shadowed')], debian, [])).toEqual([]);
  });

  it('reports an unknown distribution only if one is needed', () => {
    const fedora = { ...debian, id: 'fedora', name: 'Fedora 40' };
    expect(codes([], fedora, [])).toEqual([
      'OS_UNKNOWN no vulnerability data for Fedora 40, its packages were not evaluated',
    ]);
    expect(codes([scoped('golang', npm)], null, [npm])).toEqual([]);
    const unknown = 'OS_UNKNOWN distribution not recognized, its packages were not evaluated';
    expect(codes([], null, [])).toEqual([unknown]);
    expect(codes([scoped('deb', null)], null, [])[0]).toBe(unknown);
  });
});
