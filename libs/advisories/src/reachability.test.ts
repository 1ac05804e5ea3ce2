import { linkedCode } from '@tidewaiter/domain';

import { importsSchema, reachabilityOf, type VulnerableImport } from './reachability.js';

const pkg = { name: 'golang.org/x/net', version: 'v0.27.0' };
const own = linkedCode.module(pkg.name, pkg.version);
const linux = linkedCode.setting('GOOS', 'linux');
const parse = linkedCode.function('golang.org/x/net/html', 'Parse');
const html = linkedCode.package('golang.org/x/net/html');
const program = (...names: string[]) => new Set(names);
const about = (more: Partial<VulnerableImport> = {}): VulnerableImport[] => [
  { path: 'golang.org/x/net/html', symbols: ['Parse', 'Tokenizer.Next'], ...more },
];

describe('reachabilityOf', () => {
  it.each([
    ['a listed function', about(), [program(own, parse)], 'linked'],
    ['no listed function', about(), [program(own, html)], 'not-linked'],
    ['any function of a package without a list', about({ symbols: [] }), [program(own, html)], 'linked'],
    ['no function of such a package', about({ symbols: [] }), [program(own)], 'not-linked'],
    ['a function in one of several programs', about(), [program(own), program(own, parse)], 'linked'],
    ['the function of another version only', about(), [program(own), program(parse)], 'not-linked'],
    ['a listed system', about({ goos: ['linux'] }), [program(own, parse, linux)], 'linked'],
    ['another system', about({ goos: ['windows'] }), [program(own, parse, linux)], 'not-linked'],
    [
      'an unknown system',
      about({ goos: ['windows'] }),
      [program(own, parse, linkedCode.setting('GOOS', ''))],
      'linked',
    ],
    ['no program with the module', about(), [program(parse)], undefined],
    ['an advisory without functions', undefined, [program(own, parse)], undefined],
    [
      'a second program whose functions are unknown',
      about(),
      [program(own), program(linkedCode.opaqueModule(pkg.name, pkg.version))],
      undefined,
    ],
  ] as const)('knows of %s', (_, imports, programs, expected) => {
    expect(reachabilityOf(pkg, imports, programs)).toBe(expected);
  });
});

describe('importsSchema', () => {
  it('reads the lists of a record of Go', () => {
    const imports = [{ path: 'net/url', symbols: ['Parse'], goos: ['windows'] }, { path: 'net/mail' }];
    expect(importsSchema.parse(imports)).toEqual([imports[0], { path: 'net/mail', symbols: [] }]);
  });

  it.each([
    ['an entry without a path', [{ symbols: ['Parse'] }]],
    ['a symbol that is no text', [{ path: 'net/url', symbols: [1] }]],
    ['an empty list', []],
    ['more packages than any module has', Array.from({ length: 1_000 }, () => ({ path: 'a' }))],
  ])('drops the whole list for %s', (_, imports) => {
    expect(importsSchema.parse(imports)).toBeUndefined();
  });
});
