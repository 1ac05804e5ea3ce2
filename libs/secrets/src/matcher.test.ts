import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { findSecrets } from './index.js';
import { secretLimits } from './matcher.js';
import { secretRules } from './rules.js';
import { fake } from './rules/fake.js';

const key = Buffer.from('key of the tests');
const find = (text: string | Buffer, path = 'srv/app/settings') =>
  findSecrets({ path, content: Buffer.from(text) }, key);
const rulesIn = (text: string, path?: string) => find(text, path).sightings.map(({ rule }) => rule);

describe('findSecrets', () => {
  it('reports rule, place and confidence, and never the value', () => {
    const value = 'dop_v1_' + fake(64, 'hex');
    const { sightings } = find(`# one\n# two\nTOKEN=${value}\n`);
    expect(sightings).toEqual([
      {
        rule: 'digitalocean-pat',
        title: 'DigitalOcean personal access token',
        severity: 'critical',
        path: 'srv/app/settings',
        line: 3,
        masked: `dop_${'*'.repeat(24)}`,
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        confidence: 'likely',
      },
    ]);
    expect(JSON.stringify(sightings)).not.toContain(value.slice(4));
  });

  it('reports a value once, under the most specific rule', () => {
    const value = 'glpat-' + fake(20);
    expect(rulesIn(`password = "${value}"\nurl = https://ci:${value}@git.corp.net/\n`)).toEqual(['gitlab-pat']);
  });

  it('lowers confidence in tests and documentation, and ignores values known only by name there', () => {
    const text = `T=hvb.${fake(140)}\napi_key = "${fake(32)}"\n`;
    const sure = (path: string) => find(text, path).sightings.map(({ rule, confidence }) => `${rule} ${confidence}`);
    expect(sure('srv/app.ini')).toEqual(['vault-batch-token likely', 'generic-api-key possible']);
    expect(sure('srv/tests/app.ini')).toEqual(['vault-batch-token possible']);
  });

  it.each([
    ['app/tls/server.key', 'certain', undefined],
    ['app/test/server.key', 'likely', true],
    ['app/node_modules/agent/lib/server.key', 'certain', undefined],
    ['app/node_modules/agent/dist/server.key', 'certain', true],
    ['app/node_modules/agent/index.d.ts', 'certain', true],
  ])('marks what tests and builds hold as weak: %s', (path, confidence, isWeak) => {
    const der = Buffer.concat([Buffer.from('3082010a', 'hex'), Buffer.from(fake(0x10a))]).toString('base64');
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${der}\n-----END RSA PRIVATE KEY-----\n`;
    const [found] = find(pem, path).sightings;
    expect(found).toMatchObject({ rule: 'private-key', severity: 'critical', confidence });
    expect(found?.isWeak).toBe(isWeak);
  });

  it.each([
    ['a lock file', 'app/package-lock.json', `{"integrity": "sha512-${fake(86, 'base64')}==", "token": "${fake(32)}"}`],
    [
      'digests',
      'srv/sums.txt',
      `secret_hash = ${fake(64, 'hex')}\nchecksum: ${fake(40, 'hex')}\netag="${fake(32, 'hex')}"`,
    ],
    ['identifiers', 'srv/a.json', '{"secret": "79a3edd0-2092-40a2-a04d-dcb46d5ca9ed"}'],
    [
      'code',
      'srv/a.py',
      'token = getToken(request.headers["authorization2"])\npassword = self.password1\nsecret = os.environ.get("X")',
    ],
    ['minified code', 'srv/a.js', `,apiKey:"${fake(32, 'hex')}",t=n.token||r.secret2`],
    ['translations', 'srv/messages_de.properties', 'login.password=Passwort\ntoken.expired=Das Token ist abgelaufen\n'],
    [
      'paths and addresses',
      'srv/a.ini',
      'password_file=/run/secrets/db1\ntoken=/var/lib/Token1/x\nsecret=a1.b2.example.org',
    ],
    [
      'what dotenv says of its own addresses',
      'app/node_modules/next/dist/compiled/@next/env/index.js',
      'throw new Error("INVALID_DOTENV_KEY: Wrong format. Must be in valid uri format like dotenv://:key_1234@dotenvx.com/vault/.env.vault?environment=development")',
    ],
    [
      'the help of a command',
      'srv/cli.js',
      '`curl -u user:pass https://a.b`, mysql -u USER -pPASSWORD, --password <password>',
    ],
    [
      'examples of URLs',
      'srv/a.js',
      '"https://user:password@host.com", "mysql://scott:tiger@localhost/test", "redis://:secret@cache"',
    ],
    ['versions', 'srv/a.ini', 'token=v1.20.3-rc1_20230412SNAPSHOT1\n'],
  ])('reports nothing in %s', (_, path, text) => {
    expect(rulesIn(text, path)).toEqual([]);
  });

  describe('limits', () => {
    it('skips a line above the limit of attempts and continues', () => {
      const { sightings, damage } = find(`${'password=Ab1! '.repeat(secretLimits.attemptsPerLine)}\nghp_${fake(36)}\n`);
      expect([sightings.map(({ rule }) => rule), damage]).toEqual([
        ['github-pat'],
        expect.stringMatching(/^file of \d+ bytes has too many words/),
      ]);
    });

    it('counts a repeated value once', () => {
      const token = `ghp_${fake(36)}\n`;
      expect(find(token.repeat(5000) + `T=dop_v1_${fake(64, 'hex')}\n`).sightings).toHaveLength(2);
    });
  });

  // Linear time has two parts: the number of attempts of a rule is limited by the length of the
  // file, and an attempt reads a bounded part. Seconds would depend on the machine; `npm run
  // bench:secrets` measures them.
  describe('linear time', () => {
    // By hand: jest's spies keep every call.
    const triesIn = (content: string, path?: string) => {
      const finds = secretRules.map((rule) => rule.find);
      const tries = secretRules.map(() => 0);
      for (const [number, rule] of secretRules.entries()) {
        rule.find = (place) => {
          tries[number]! += 1;
          return finds[number]!(place);
        };
      }
      find(content, path);
      for (const [number, rule] of secretRules.entries()) rule.find = finds[number]!;
      return tries;
    };
    const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
    const repeated = (bait: string, length: number) => bait.repeat(Math.ceil(length / bait.length)).slice(0, length);
    const keywords = secretRules.flatMap((rule) => rule.keywords);

    it.each([
      ['one letter', 'a'],
      ['AKIA', 'AKIA'],
      ['names', 'password='],
      ['names and values', 'password=Ab1!Ab1!x\n'],
      ['addresses', '://a:bcd@'],
      ['headers of keys', '-----BEGIN PRIVATE KEY-----'],
      ['tokens without an end', 'eyJ-'],
      ['commands', 'curl -H "'],
      ['every keyword', keywords.join('=')],
      ['an assignment to every keyword', keywords.join('="aB3dE5fG7hJ9kL1maB3dE5fG7hJ9kL1m"\n')],
    ])('makes twice the attempts for twice the length of %s', (_, bait) => {
      const [once, twice] = [30_000, 60_000].map((length) => sum(triesIn(repeated(bait, length))));
      expect(twice).toBeLessThanOrEqual(2 * once! + keywords.length);
    });

    it.each(['srv/app/settings', 'a/secret.yaml', 'root/.pgpass', 'root/.netrc', 'etc/shadow', 'root/.kube/config'])(
      'limits the attempts in %s for each file and rule',
      (path) => {
        for (const bait of ['password=', 'kind: Secret\n', 'a:b:c:d:', keywords.join('="aB3dE5fG7hJ9kL1m"\n')]) {
          const tries = triesIn(repeated(bait, 1_000_000), path);
          expect(sum(tries)).toBeLessThanOrEqual(secretLimits.attemptsPerFile);
          for (const [number, { tries: most = secretLimits.attemptsPerRule }] of secretRules.entries())
            expect(tries[number]).toBeLessThanOrEqual(most);
        }
      },
    );

    it('reads a bounded part in each attempt', () => {
      const isUnbounded = (source: string) =>
        /[*+]|\{\d+,\}/.test(source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x'));
      const unbounded = secretRules.filter(
        ({ expression, within }) => within === undefined && isUnbounded(expression?.source ?? ''),
      );
      expect(unbounded.map(({ id }) => id)).toEqual([]);
    });
  });

  it('accepts any bytes', () => {
    const words = fc.constantFrom(
      ...secretRules.flatMap((rule) => [...rule.keywords, ...rule.matches()]),
      '=',
      ':',
      '"',
      '\n',
      '@',
      '://',
      '\\',
    );
    const path = fc.constantFrom(
      'x',
      'a.yaml',
      '.netrc',
      '.pgpass',
      'etc/shadow',
      'a.p12',
      '.npmrc',
      'nuget.config',
      'config/master.key',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(words, fc.string({ unit: anyCharacter })), { maxLength: 30 }),
        path,
        (parts, name) => {
          const text = parts.join('');
          for (const { line, masked } of find(text, name).sightings) {
            expect(line).toBeLessThanOrEqual(text.split('\n').length);
            expect(masked.length).toBeLessThan(80);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
