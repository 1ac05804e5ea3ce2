import * as fc from 'fast-check';

import { globMatcher } from './glob.js';

describe('globMatcher', () => {
  it.each([
    ['app/.env', 'app/.env', true],
    ['app/.env', 'app/xenv', false],
    ['*.lock', 'yarn.lock', true],
    ['*.lock', 'app/yarn.lock', false],
    ['**/*.lock', 'yarn.lock', true],
    ['**/*.lock', 'a/b/yarn.lock', true],
    ['app/**', 'app/a/b', true],
    ['app/**', 'apple/a', false],
    ['shop/*', 'shop/cart', true],
    ['shop/*', 'shop/cart/api', false],
    ['v1.?', 'v1.2', true],
    ['v1.?', 'v1x2', false],
    ['v1.?', 'v1./', false],
    ['a[b', 'a[b', true],
    ['(a+)+$', '(a+)+$', true],
  ])('matches %s with %s: %s', (pattern, text, matches) => {
    expect(globMatcher(pattern)?.(text)).toBe(matches);
  });

  it('matches a text without wildcards only with itself', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[*?]/.test(text)),
        (text) => globMatcher(text)!(text),
      ),
    );
  });

  it('rejects a pattern above the limit', () => {
    expect(globMatcher('*'.repeat(1_001))).toBeUndefined();
  });
});
