import * as fc from 'fast-check';

import { type AptPin, pinnedSuites } from './apt-pins.js';

const pin = (priority: number, release: string, ...packages: string[]): AptPin => ({
  ...{ packages, priority },
  release: release.split(','),
});
const curl = { name: 'libcurl4', source: { name: 'curl' } };
const both = ['bookworm', 'sid'];

describe('pinnedSuites', () => {
  it.each<[string, AptPin[], string[]]>([
    ['nothing', [], both],
    ['a negative priority', [pin(-1, 'n=sid', '*')], ['bookworm']],
    ['a low priority', [pin(1, 'n=sid', '*')], both],
    ['a high priority for all packages', [pin(1001, 'n=sid', '*')], both],
    ['a high priority for the package', [pin(501, 'n=sid', 'libcurl4')], ['sid']],
    ['a low priority for the package', [pin(100, 'n=sid', 'libcurl4')], both],
    ['a high priority for its source', [pin(990, 'a=unstable', 'src:curl')], ['sid']],
    ['a high priority for another package', [pin(990, 'a=unstable', 'curl')], both],
    ['a glob that names it', [pin(-1, 'n=sid', 'lib*l?')], ['bookworm']],
    ['a name with an architecture', [pin(-1, 'n=sid', 'libcurl4:amd64')], ['bookworm']],
    ['a pin that names it before one that is general', [pin(-1, 'n=sid', '*'), pin(700, 'n=sid', 'libcurl4')], ['sid']],
    ['the first of two pins', [pin(-1, 'n=sid', '*'), pin(700, 'n=sid', '*')], ['bookworm']],
    ['a release without a field', [pin(-1, 'sid', '*')], ['bookworm']],
    ['a glob of releases', [pin(-1, 'n=s*', '*')], ['bookworm']],
    ['two conditions that hold', [pin(-1, 'o=Debian,a=unstable', '*')], ['bookworm']],
    ['two conditions of which one holds', [pin(-1, 'o=Ubuntu,a=unstable', '*')], both],
    ['a codename as an archive, which apt does not match', [pin(-1, 'a=sid', '*')], both],
    ['an archive that may be any release', [pin(-1, 'a=stable', '*')], both],
    ['a component', [pin(-1, 'n=sid,c=main', '*')], both],
    ['all suites excluded', [pin(-1, 'o=Debian', '*')], both],
  ])('returns the suites that are left by %s', (_, pins, expected) => {
    expect(pinnedSuites(both, pins, curl, 'Debian')).toEqual(expected);
  });

  it('knows that suites of a release of Ubuntu share its codename', () => {
    const suites = ['jammy', 'noble', 'noble-updates'];
    expect(pinnedSuites(suites, [pin(-1, 'n=noble', '*')], curl, 'Ubuntu')).toEqual(['jammy']);
    expect(pinnedSuites(suites, [pin(-1, 'a=noble', '*')], curl, 'Ubuntu')).toEqual(['jammy', 'noble-updates']);
  });

  it('matches globs as a regular expression does, and leaves a suite', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, name, (glob, text) => {
        fc.pre(glob !== '*');
        const isNamed = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
        const left = pinnedSuites(both, [pin(-1, 'n=sid', glob)], { ...curl, name: text }, 'Debian');
        expect(left).toEqual(isNamed ? ['bookworm'] : both);
      }),
    );
  });
});
