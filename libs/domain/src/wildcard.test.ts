import { matchesWildcard } from './wildcard.js';

describe('matchesWildcard', () => {
  it.each([
    ['shop/app', 'shop/app', true],
    ['shop/app', 'shop/app2', false],
    ['shop/*', 'shop/app', true],
    ['shop/*', 'shop/team/app', true],
    ['shop/*', 'workshop/app', false],
    ['*', '', true],
    ['*/app', 'shop/app', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['a*a', 'a', false],
    ['ab*ba', 'aba', false],
    ['.*', 'anything', false],
    ['', '', true],
    ['', 'x', false],
  ])('matches %j with %j: %s', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });
});
