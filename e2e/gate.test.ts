import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildImage } from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { removeFolders, runIn, temporaryFolder } from './tidewaiter.js';

interface Answer {
  result: string;
  reasons: string[];
  findings: { id: string }[];
  suppressed: { id: string; by: Record<string, unknown> }[];
  changes: Record<'introduced' | 'newlyPublished' | 'unchanged' | 'resolved', { id: string }[]>;
  warnings: { code: string; message: string }[];
  policies: { name: string; result: string; reasons: string[] }[];
}

/**
 * Accepts old advisories, which would otherwise leave open whether there are more vulnerabilities.
 */
const current = ['--max-advisory-age', '9999d'];
const only = ['--kinds', 'vulnerability', '-o', 'json'];
let home: string;
let before: string;
let after: string;
let advisories: string;

const run = async (...args: string[]) => runIn(home, ...args, '--advisories', advisories);
const write = (name: string, text: string) => writeFileSync(join(home, name), text);

async function gate(code: number, ...args: string[]): Promise<Answer> {
  return gateWith(only, code, ...args);
}

async function gateWith(flags: readonly string[], code: number, ...args: string[]): Promise<Answer> {
  const { stdout, stderr, ...ended } = await run('gate', ...args, ...flags);
  expect([ended.code, stderr]).toEqual([code, '']);
  return JSON.parse(stdout) as Answer;
}

async function scan(...args: string[]): Promise<Answer> {
  const { stdout } = await run('scan', ...args, ...only);
  return JSON.parse(stdout) as Answer;
}

beforeAll(async () => {
  home = temporaryFolder();
  const [old, current] = [temporaryFolder(), temporaryFolder()];
  const layers = (packages: Record<string, string>) => [[debian13, dpkgStatus(packages)]];
  await buildImage(old, { layers: layers({ openssl: '3.0.15-1', bash: '5-1' }), created: '2026-03-01T00:00:00Z' });
  await buildImage(current, {
    layers: layers({ openssl: '3.0.15-1', zlib: '1.3-1' }),
    created: '2026-05-01T00:00:00Z',
  });
  [before, after] = [`oci:${old}`, `oci:${current}`];
  const [early, late] = ['2026-01-02T03:04:05Z', '2026-04-01T00:00:00Z'];
  advisories = writeAdvisories(join(home, 'osv'), [
    { id: 'CVE-2026-1', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL', published: early },
    { id: 'CVE-2026-2', package: 'openssl', fixed: '3.0.17-1', severity: 'HIGH', published: late },
    { id: 'CVE-2026-3', package: 'zlib', severity: 'MEDIUM', published: early },
    { id: 'CVE-2026-4', package: 'bash', severity: 'LOW', published: early },
  ]);
  await run('--version');
}, 240_000);

afterAll(removeFolders);

describe('the gate command', () => {
  it.each([
    [0, 'new:high'],
    [1, 'new:medium'],
    [1, 'high'],
  ])(
    'exits with %i for --fail-on %s, with a medium finding of the change among older ones',
    async (code, failOn) => {
      const { changes } = await gate(code, after, '--against', before, '--fail-on', failOn);
      expect(changes).toMatchObject({
        introduced: [{ id: 'CVE-2026-3' }],
        newlyPublished: [{ id: 'CVE-2026-2' }],
        unchanged: [{ id: 'CVE-2026-1' }],
        resolved: [{ id: 'CVE-2026-4' }],
      });
    },
    60_000,
  );

  it('prints the reason of a failure', async () => {
    const { reasons } = await gate(1, after, '--against', before, '--fail-on', 'new:medium');
    expect(reasons).toEqual(['1 finding is medium or worse, introduced by this change: CVE-2026-3']);
    const { stdout } = await run(
      'gate',
      after,
      '--against',
      before,
      '--fail-on',
      'new:medium',
      '--kinds',
      'vulnerability',
    );
    expect(stdout).toContain(
      'findings introduced (1)\n  + medium  CVE-2026-3  zlib 1.3-1 (no fix)  var/lib/dpkg/status (layer 0)',
    );
    expect(stdout).toContain('findings published meanwhile (1)\n  ! high  CVE-2026-2  openssl 3.0.15-1 -> 3.0.17-1');
    expect(stdout.trimEnd().split('\n').slice(-2)).toEqual([
      'findings: 1 introduced, 1 published meanwhile, 1 resolved, 1 unchanged',
      'fail: 1 finding is medium or worse, introduced by this change: CVE-2026-3',
    ]);
  }, 60_000);

  it.each([
    [64, ['--fail-on', 'new:high']],
    [64, ['--fail-on', 'awful']],
    [3, ['--against', 'oci:/nowhere']],
    [2, ['--policy', 'no-such-policy']],
  ])(
    'exits with %i for %j',
    async (expected, args) => expect((await run('gate', after, ...args)).code).toBe(expected),
    60_000,
  );

  it('is not evaluated without advisories', async () => {
    const { code } = await runIn(home, 'gate', after, '--kinds', 'vulnerability');
    expect(code).toBe(2);
  }, 60_000);
});

describe('policies', () => {
  it('fail, pass, or name the missing fact', async () => {
    write(
      'own.yaml',
      'variables:\n  bad: findings.filter(f, f.severity == "critical")\nrules:\n  - { expression: size(bad) == 0, message: "critical: {ids(bad)}" }',
    );
    const { policies, reasons } = await gateWith(
      ['-o', 'json', ...current],
      1,
      after,
      '--policy',
      'own.yaml',
      '--policy',
      'no-secrets',
      '--policy',
      'no-kev-in-production',
    );
    expect(policies).toMatchObject([
      { name: 'own', result: 'fail', reasons: ['critical: CVE-2026-1'] },
      { name: 'no-secrets', result: 'pass' },
      { name: 'no-kev-in-production', result: 'unknown', reasons: ['needs finding.kev, which is not known'] },
    ]);
    expect(reasons[0]).toBe('own: critical: CVE-2026-1');
    expect((await run('scan', after, '--policy', 'no-secrets', ...current)).code).toBe(0);
    // Without a search for secrets, the policy cannot be evaluated.
    expect((await run('scan', after, '--policy', 'no-secrets', ...only)).code).toBe(2);
    expect((await run('scan', after, '--policy', 'no-old-critical', ...only)).code).toBe(1);
  }, 60_000);

  it('are listed and validated', async () => {
    expect((await runIn(home, 'policies', 'list')).stdout).toMatch(/^no-kev-in-production +No running image/);
    write('bad.cel', 'findings.all(f, f.kevv)');
    const { code, stderr } = await runIn(home, 'policies', 'check', 'bad.cel');
    expect([code, stderr]).toEqual([
      2,
      'tidewaiter: bad.cel: rules[0].expression: No such key: kevv [POLICY_INVALID]\n',
    ]);
  }, 60_000);
});

describe('VEX, ignore files and exceptions', () => {
  const vex = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'Debian',
    timestamp: '2026-05-01T00:00:00Z',
    statements: [
      {
        vulnerability: { name: 'CVE-2026-1' },
        products: [{ '@id': 'pkg:deb/debian/openssl' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
      },
    ],
  };
  const names = ['.tidewaiter-ignore.yaml', '.trivyignore', '.trivyignore.yaml'];
  afterEach(() => names.forEach((name) => rmSync(join(home, name), { force: true })));

  it('suppress findings, which are listed', async () => {
    write('openssl.vex.json', JSON.stringify(vex));
    write('.trivyignore', 'CVE-2026-2 exp:2999-01-01\n');
    write('.tidewaiter-ignore.yaml', 'ignore:\n  - { id: CVE-2026-3, reason: not reachable, until: 2999-01-31 }\n');
    const { findings, suppressed } = await scan(after, '--vex', 'openssl.vex.json');
    expect(findings).toEqual([]);
    expect(suppressed.map(({ id, by }) => [id, by['kind'], by['source']])).toEqual([
      ['CVE-2026-1', 'vex', 'openssl.vex.json'],
      ['CVE-2026-2', 'ignore', '.trivyignore:1'],
      ['CVE-2026-3', 'ignore', '.tidewaiter-ignore.yaml:2'],
    ]);
    await gate(0, after, '--vex', 'openssl.vex.json', '--fail-on', 'low');
    const { stdout } = await run('explain', 'CVE-2026-1', after, '--vex', 'openssl.vex.json');
    expect(stdout).toMatch(/suppressed +openssl.vex.json; by Debian; vulnerable_code_not_present/);
  }, 60_000);

  it('prefer named ignore files to those of the folder, and end on their date', async () => {
    write('.trivyignore', 'CVE-2026-2\n');
    write('mine.yaml', 'ignore:\n  - { id: CVE-2026-3, reason: not reachable, until: 2026-01-31 }\n');
    const { findings, warnings } = await scan(after, '--ignore-file', 'mine.yaml');
    expect(findings).toHaveLength(3);
    const message = 'CVE-2026-3 (1 finding) counts again: the exception in mine.yaml:2 ended on 2026-01-31';
    expect(warnings).toContainEqual({ code: 'EXCEPTION_EXPIRED', path: null, message });
  }, 60_000);

  it.each([
    [
      '.tidewaiter-ignore.yaml',
      'ignore:\n  - { id: CVE-1, until: 2027-01-01 }',
      /\.tidewaiter-ignore\.yaml:2: ignore\[0\]\.reason.*\[IGNORE_FILE_INVALID\]/,
    ],
    [
      '.trivyignore.yaml',
      'vulnerabilities:\n  - ids: CVE-1',
      /\.trivyignore\.yaml:2: unknown key: vulnerabilities\[0\]\.ids/,
    ],
  ])(
    'reject a wrong %s before the scan',
    async (name, text, problem) => {
      write(name, text);
      const { code, stdout, stderr } = await run('scan', after);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.replaceAll('\n', ' ')).toMatch(problem);
    },
    60_000,
  );
});
