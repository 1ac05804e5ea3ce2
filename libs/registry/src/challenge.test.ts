import * as fc from 'fast-check';

import { parseChallenges } from './challenge.js';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  it.each<[string, unknown[]]>([
    ['Basic', [['basic', {}]]],
    ['Basic realm="Registry Realm"', [['basic', { realm: 'Registry Realm' }]]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    ['BEARER Realm = "x" , SERVICE=plain', [['bearer', { realm: 'x', service: 'plain' }]]],
    ['Bearer realm="a\\"b\\\\c"', [['bearer', { realm: 'a"b\\c' }]]],
    [
      'Basic realm="r", Bearer realm="https://a/t", service=s',
      [
        ['basic', { realm: 'r' }],
        ['bearer', { realm: 'https://a/t', service: 's' }],
      ],
    ],
    [
      'Negotiate, Basic realm=r',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    ['realm="no scheme"', []],
    [
      'Bearer realm="never closed',
      [
        ['bearer', {}],
        ['realm', {}],
      ],
    ],
    ['', []],
    ['"', []],
  ])('parses %s', (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('accepts hostile parameter names', () => {
    const [challenge] = parseChallenges('Bearer __proto__="x", constructor="y"');
    expect(challenge?.parameters.get('__proto__')).toBe('x');
    expect(challenge?.parameters.get('realm')).toBeUndefined();
  });

  it('parses any text and ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB="\\, '.split('')) }), (header) => {
        for (const { scheme } of parseChallenges(header)) expect(scheme).toMatch(/^[ab]+$/);
      }),
    );
    for (const hostile of [' ', ',', 'a ', 'a="', '\\"', 'a=']) parseChallenges(hostile.repeat(200_000));
  });
});
