import { readExpressions, searchText } from './expression.js';

const [hash, digest] = ['a'.repeat(64), `sha256:${'a'.repeat(64)}`];

describe('readExpressions', () => {
  it.each<[string[], object]>([
    [['package=openssl<3.0.14'], { package: 'openssl<3.0.14' }],
    [['purl=pkg:deb/debian/openssl<3.0.14'], { package: 'pkg:deb/debian/openssl<3.0.14' }],
    [['pkg:npm/lodash'], { package: 'pkg:npm/lodash' }],
    [['cve-2021-44228', 'base=debian:12'], { vulnerability: 'cve-2021-44228', base: 'debian:12' }],
    [[`file=${hash.toUpperCase()}`], { file: digest }],
    [[`layer=${digest}`, `image=${digest}`], { layer: digest, image: digest }],
    [['path=/usr/bin/curl'], { path: '/usr/bin/curl' }],
    [[`secret=${hash}`], { secret: hash }],
    [['signer=https://ci.example.com/?a=b'], { signer: 'https://ci.example.com/?a=b' }],
  ])('reads %j', (texts, conditions) => {
    expect(readExpressions(texts)).toEqual(conditions);
  });

  it.each<[string[], string]>([
    [['openssl'], 'expression 1, openssl: position 1: expected one of package= purl= cve='],
    [['openssl'], 'image= signer='],
    [['pod=x'], 'expression 1, pod=x: position 1: expected one of package='],
    [
      ['severity>=high', 'kev', 'fixable'],
      "; this is a query of a list: tidewaiter images|vulnerabilities|fixes 'severity>=high kev fixable'",
    ],
    [['package=openssl<'], 'expression 1, package=openssl<: position 16: expected one of < <= > >= = != and a version'],
    [['base=debian', 'image=app'], 'expression 2, image=app: position 7: expected sha256: and 64 hex digits'],
    [['path=usr/bin'], 'position 6: expected an absolute path'],
    [['secret=hunter2'], 'position 8: expected the fingerprint of a secret'],
    [['cve='], 'position 5: expected a value'],
    [
      ['cve=CVE-1', 'vulnerability=CVE-2'],
      'expression 2, vulnerability=CVE-2: position 1: expected a condition other than',
    ],
  ])('rejects %j with the position and what is allowed', (texts, message) => {
    expect(() => readExpressions(texts)).toThrow(
      expect.objectContaining({ code: 'EXPRESSION_INVALID', message: expect.stringContaining(message) }),
    );
  });
});

describe('searchText', () => {
  it.each([
    [['shop/web'], 'shop/web'],
    [['INC-7'], 'INC-7'],
    [['log4j', 'core'], 'log4j core'],
    [[digest], digest],
    [['/usr/bin/curl'], '/usr/bin/curl'],
  ])('returns the text of %j', (texts, text) => {
    expect(searchText(texts)).toBe(text);
  });

  it.each([
    [['CVE-2021-44228']],
    [['pkg:npm/lodash']],
    [['package=openssl']],
    [['openssl<3.0.14']],
    [['shop/web', 'base=debian:12']],
    [['kev', 'fixable']],
    [[' ']],
  ])('leaves %j to conditions and queries', (texts) => {
    expect(searchText(texts)).toBeUndefined();
  });
});
