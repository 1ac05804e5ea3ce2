import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesConstraint } from './version-constraint.js';

describe('satisfiesConstraint', () => {
  it.each([
    ['1.5', '>= 1.0, < 2.0', 'semver', true],
    ['2.0.0', '>= 1.0, < 2.0', 'semver', false],
    ['2.0.0-rc.1', '< 2.0', 'npm', true],
    ['3.0', '< 1.0 || > 2.0, <= 3.0', 'semver', true],
    ['1.0', '= 1.0.0', 'maven', true],
    ['1.0', '1.0.0', 'maven', true],
    ['1.0', '== 1.0.0', 'maven', true],
    ['1.0', '!= 1.0.0', 'maven', false],
    ['1.0', "'0.9' || '1.0'", 'pep440', true],
    ['1.0', '', 'dpkg', true],
    ['1.0-1', '<1.0-2', 'dpkg', true],
    ['2.0rc1', '< 2.0', 'pep440', true],
    // An advisory for a release includes all local builds of it.
    ['2.0.0+cgr.1', '= 2.0.0', 'pep440', true],
    ['2.0.0+cgr.1', '<= 2.0.0', 'pep440', true],
    ['2.0.0+cgr.1', '= 2.0.0+cgr.2', 'pep440', false],
    ['1.15.2-x86_64-linux', '< 1.15.2', 'gem', false],
    ['1.15.2-java', '= 1.15.2', 'gem', true],
    ['1.15.2.rc1-arm64-darwin', '< 1.15.2', 'gem', true],
  ] as const)('decides whether %s is in "%s" of %s: %s', (version, constraint, scheme, isIn) => {
    expect(satisfiesConstraint(version, constraint, scheme)).toBe(isIn);
  });

  it.each([
    ['1.0', '^1.0'],
    ['1.0', '>= 1.0,'],
    ['1.0', '|| 1.0'],
    ['1.0', '>= 2.0, < what'],
    ['1.0', '1.0 2.0'],
    ['what', '>= 1.0'],
  ])('rejects %j in %j', (version, constraint) => {
    expect(() => satisfiesConstraint(version, constraint, 'semver')).toThrow(InvalidInput);
  });
});
