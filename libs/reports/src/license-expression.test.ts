import * as fc from 'fast-check';

import { joinLicenses, readLicense } from './license-expression.js';

describe('joinLicenses', () => {
  it.each([
    ['MIT', { id: 'MIT' }],
    [' apache-2.0 ', { id: 'Apache-2.0' }],
    ['GPL-2.0-or-later', { id: 'GPL-2.0-or-later' }],
    ['GPL-2.0+', { expression: 'GPL-2.0+' }],
    ['(MIT OR Apache-2.0)', { expression: '(MIT OR Apache-2.0)' }],
    ['mit or ( isc and 0bsd )', { expression: 'MIT OR (ISC AND 0BSD)' }],
    ['GPL-2.0-only WITH Classpath-exception-2.0', { expression: 'GPL-2.0-only WITH Classpath-exception-2.0' }],
    ['LicenseRef-Acme', { expression: 'LicenseRef-Acme' }],
    ['GPL-2.0-only WITH MIT', { name: 'GPL-2.0-only WITH MIT' }],
    ['(MIT) WITH LLVM-exception', { name: '(MIT) WITH LLVM-exception' }],
    ['MIT OR', { name: 'MIT OR' }],
    ['(MIT', { name: '(MIT' }],
    ['MIT)', { name: 'MIT)' }],
    ['MIT Apache-2.0', { name: 'MIT Apache-2.0' }],
    ['()', { name: '()' }],
    ['BSD', { name: 'BSD' }],
    ['GPL-2+', { name: 'GPL-2+' }],
    ['', { name: '' }],
  ])('parses %j as %j', (text, license) => {
    expect(readLicense(text)).toEqual(license);
  });

  it.each([
    [['MIT'], 'MIT'],
    [['MIT', 'mit'], 'MIT'],
    [['MIT', 'GPL-2.0-only OR ISC'], 'MIT AND (GPL-2.0-only OR ISC)'],
    [['MIT', 'see COPYING'], undefined],
    [[], undefined],
  ])('joins %j to %j', (texts, expression) => {
    expect(joinLicenses(texts)).toBe(expression);
  });

  it('parses its own output and never throws', () => {
    const words = fc.constantFrom('MIT', 'ISC', 'AND', 'OR', 'WITH', '(', ')', 'LLVM-exception', 'x', ' ', '\n');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (all) => {
        const license = readLicense(all.join(' '));
        if ('expression' in license) expect(readLicense(license.expression)).toEqual(license);
      }),
    );
  });

  it('parses endless brackets in linear time', () => {
    expect(readLicense('('.repeat(1_000_000))).toEqual({ name: '('.repeat(1_000_000) });
  });
});
