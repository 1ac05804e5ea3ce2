import { indexPatterns, patterns } from './file-patterns.js';

const index = indexPatterns([
  ['.pgpass', '/etc/shadow', 'openvpn/**/auth*.txt'],
  ['*.JKS', '.aws/sso/cache/*', '/run/secrets/*', '.env*.local'],
  ['*.jks', 'a+b.(c)'],
]);

describe('indexPatterns', () => {
  it.each<[string, number[]]>([
    ['root/.pgpass', [0]],
    ['.pgpass', [0]],
    ['root/x.pgpass', []],
    ['root/.pgpass/x', []],
    ['etc/shadow', [0]],
    ['backup/etc/shadow', []],
    ['etc/openvpn/client/auth-1.txt', [0]],
    ['etc/openvpn/auth.log', []],
    ['app/Store.JKS', [1, 2]],
    ['home/a/.aws/sso/cache/0123.json', [1]],
    ['home/a/.aws/sso/cache/deeper/0123.json', []],
    ['run/secrets/token', [1]],
    ['srv/run/secrets/token', []],
    ['app/.env.production.local', [1]],
    ['app/a+b.(c)', [2]],
    ['app/aab.c', []],
    ['', []],
  ])('finds %s in %j', (path, lists) => {
    expect(index.of(path)).toEqual(lists);
  });

  it('rejects a pattern without a literal part', () => {
    expect(() => indexPatterns([['*/*']])).toThrow('pattern without a name: */*');
  });

  it('accepts a list written as words', () => {
    expect(patterns('\n  a b\n  c\n')).toEqual(['a', 'b', 'c']);
  });
});
