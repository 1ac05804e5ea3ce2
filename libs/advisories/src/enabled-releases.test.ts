import * as fc from 'fast-check';

import { advisoryKeyOf } from './advisory-key.js';
import { decidingSuites, suiteOfTag } from './enabled-releases.js';

const os = (id: string, versionId?: string, name = id) => ({
  ...{ id, name, idLike: [] },
  ...(versionId !== undefined && { versionId }),
});
const alpine = os('alpine', '3.18.4');
const debian = os('debian', '12');
const ubuntu = os('ubuntu', '22.04');
const sid = os('debian', undefined, 'Debian GNU/Linux forky/sid');

describe('decidingSuites', () => {
  it.each([
    ['the branch of os-release', alpine, ['v3.18', 'v3.18'], [], 'v3.18', []],
    ['no repositories', alpine, [], [], 'v3.18', []],
    ['unknown repositories', debian, ['stable', 'bookworm-pgdg'], [], '12', []],
    ['another branch alone', alpine, ['v3.19'], ['v3.19'], 'v3.19', []],
    ['edge in place of the own branch', alpine, ['edge'], [], 'v3.18', ['edge']],
    ['edge beside another branch', alpine, ['v3.19', 'edge'], ['v3.19'], 'v3.19', ['edge']],
    ['an image of edge', os('alpine', '3.23.0_alpha20250612'), ['edge'], [], 'edge', []],
    ['a branch in place of edge', os('alpine', '3.23.0_alpha20250612'), ['v3.22'], ['v3.22'], 'v3.22', []],
    ['edge beside the own branch', alpine, ['v3.18', 'edge'], [], 'v3.18', ['edge']],
    ['two other branches', alpine, ['v3.20', 'v3.9'], ['v3.20'], 'v3.20', ['v3.9']],
    ['the suites of a release', debian, ['bookworm', 'bookworm-security', 'bookworm-backports'], [], '12', []],
    ['unstable beside stable', debian, ['bookworm', 'sid'], [], '12', ['14']],
    ['unstable alone', debian, ['sid'], ['sid'], '14', []],
    ['an image of unstable', sid, ['sid'], [], '14', []],
    ['an old image of unstable', os('debian', undefined, 'Debian GNU/Linux bullseye/sid'), ['sid'], ['sid'], '14', []],
    ['an image of unknown release', os('debian'), ['trixie'], ['trixie'], '13', []],
    ['Pro', ubuntu, ['jammy', 'jammy-infra-security'], ['jammy-infra-security'], '22.04:LTS', []],
    [
      'a later release with Pro',
      ubuntu,
      ['noble-updates', 'noble', 'noble-apps-security'],
      ['noble', 'noble-apps-security'],
      '24.04:LTS',
      [],
    ],
    ['suites of another distribution', debian, ['jammy', 'v3.18'], [], '12', []],
  ] as const)('decides for %s', (_, release, enabled, suites, own, others) => {
    expect(decidingSuites(release, enabled)).toMatchObject({ suites, release: own, others });
  });

  it('leaves no package without the release that it decided', () => {
    const suite = fc.constantFrom('bookworm', 'bookworm-security', 'sid', 'trixie', 'stable', 'x', 'bullseye/updates');
    fc.assert(
      fc.property(fc.array(suite), fc.constantFrom(debian, sid), (enabled, image) => {
        const { suites, release, others } = decidingSuites(image, enabled);
        const qualifiers = suites.length > 0 ? { repository_id: suites.join(',') } : undefined;
        const pkg = { type: 'deb', name: 'curl', version: '1', source: { name: 'curl', version: '1' } } as const;
        const key = advisoryKeyOf({ ...pkg, licenses: [], foundIn: '', ...(qualifiers && { qualifiers }) }, image);
        expect(key?.release).toBe(release);
        expect(others).not.toContain(release);
      }),
    );
  });
});

describe('suiteOfTag', () => {
  it('returns the branch of a tag if it is another than that of the image', () => {
    expect(suiteOfTag(alpine, 'edge', 'v3.18')).toBe('edge');
    expect(suiteOfTag(alpine, 'v3.18', 'v3.18')).toBeUndefined();
    expect(suiteOfTag(alpine, 'x', 'v3.18')).toBeUndefined();
  });
});
