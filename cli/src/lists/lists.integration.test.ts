import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { auditCommand } from '../audit/audit.js';
import { deadLettersCommand } from '../dead-letters/dead-letters.js';
import { deliveriesCommand } from '../deliveries/deliveries.js';
import { fixesCommand } from '../fixes/fixes.js';
import { imagesCommand } from '../images/images.js';
import { incidentsCommand } from '../incidents/incidents.js';
import { pushesCommand } from '../pushes/pushes.js';
import { reportsCommand } from '../reports/reports.js';
import { repositoriesCommand } from '../repositories/repositories.js';
import { rulesCommand } from '../rules/rules.js';
import { silencesCommand } from '../silences/silences.js';
import { vulnerabilitiesCommand } from '../vulnerabilities/vulnerabilities.js';

const vulnerability = {
  ...{ id: 'CVE-2026-0001', severity: 'high', kev: true, epss: 0.5, fixable: true, images: 3, runningImages: null },
  ...{ packages: ['libssl3', 'openssl'], title: '=a\u001b[31m hole' },
};
const fix = {
  ...{ package: 'openssl', fromVersions: ['3.0.11'], toVersion: '3.0.14', severity: 'high', kev: false, epss: null },
  ...{ vulnerabilities: ['CVE-2026-0001'], images: 3, runningImages: 1, ecosystem: 'Debian:12' },
};

const delivery = {
  ...{
    id: 'd1',
    state: 'failed',
    receiver: 'team',
    channel: 'slack',
    attempt: 18,
    createdAt: '2026-01-01T00:00:00.000Z',
  },
  ...{ groupLabels: { severity: 'high' }, code: 'SLACK_REFUSED', reason: 'is_archived\u001b[2J' },
};
const silence = {
  ...{ id: 's1', startsAt: '2026-01-01T00:00:00.000Z', endsAt: '2026-01-02T00:00:00.000Z', createdBy: 'ann' },
  ...{ matchers: ['severity="low"', 'rule="x"'], comment: 'planned work' },
};
const letter = {
  ...{
    id: 'l1',
    worker: 'push',
    attempts: 3,
    subject: 'shop/app:1',
    channel: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  },
  ...{ code: 'REGISTRY_UNAVAILABLE', reason: 'no answer', redrivenAt: null },
};
const rule = {
  state: 'refused',
  kind: null,
  id: null,
  title: 'Shell',
  level: 'high',
  file: 'a.yml',
  line: 3,
  reason: 'no condition',
};
const auditEntry = {
  ...{ number: 7, at: '2026-01-01T00:00:00.000Z', actor: 'ann', action: 'silence.created', subject: 's1' },
  ...{ address: '192.0.2.1', details: {}, hash: 'ab' },
};
const rowsOf: Record<string, object> = {
  audit: auditEntry,
  deliveries: delivery,
  silences: silence,
  'dead-letters': letter,
  rules: rule,
};

let server: Server;
let output: CapturedOutput;
let asked: URL[];
let evaluatedAt: string | null;
const tokenFile = join(tmpdir(), `tidewaiter-lists-${process.pid}`);

/** A platform that has 450 incidents, one vulnerability and one fix. */
beforeAll(async () => {
  await writeFile(tokenFile, 'token');
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://platform');
    asked.push(url);
    response.setHeader('content-type', 'application/json');
    if (url.searchParams.get('q') === 'wrong') {
      response.statusCode = 400;
      return response.end(JSON.stringify({ code: 'QUERY_INVALID', title: 'column 1: no field "wrong"' }));
    }
    if (url.pathname.endsWith('/stream')) {
      if (asked.filter(({ pathname }) => pathname === url.pathname).length > 1) {
        response.statusCode = 401;
        return response.end(JSON.stringify({ code: 'TOKEN_UNKNOWN', title: 'revoked' }));
      }
      response.write(': a comment is no change\n\nevent: image.analyzed\ndata: {}\n\n');
      return setTimeout(() => response.destroy(), 1_500);
    }
    if (url.pathname.endsWith('/repositories')) {
      const isFirst = asked.filter(({ pathname }) => pathname === url.pathname).length === 1;
      const items = [{ repository: 'shop/app' }, { repository: 'shop/web', isRunning: !isFirst }];
      return response.end(JSON.stringify({ items, next: null }));
    }
    if (url.pathname.endsWith('/vulnerabilities'))
      return response.end(JSON.stringify({ items: [vulnerability], next: null, asOf: evaluatedAt }));
    const row = rowsOf[url.pathname.slice(url.pathname.lastIndexOf('/') + 1)];
    if (row) return response.end(JSON.stringify({ items: [row], next: null }));
    if (url.pathname.endsWith('/unfixed/export')) return response.end('owner,repository\r\n');
    if (url.pathname.endsWith('/fixes')) return response.end(JSON.stringify({ items: [fix], next: null }));
    if (url.pathname.endsWith('/images/export')) return response.end('digest,platform\r\n');
    if (url.pathname.endsWith('/images')) return response.end(JSON.stringify({ items: [], next: null }));
    const start = Number(url.searchParams.get('after') ?? 0);
    const end = Math.min(450, start + Number(url.searchParams.get('limit')));
    const items = Array.from({ length: end - start }, (_, index) => ({ number: start + index }));
    return response.end(JSON.stringify({ items, next: end < 450 ? String(end) : null }));
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
});

beforeEach(() => {
  asked = [];
  evaluatedAt = new Date().toISOString();
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  server.close();
  await rm(tokenFile);
});

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  for (const define of [
    fixesCommand,
    imagesCommand,
    incidentsCommand,
    vulnerabilitiesCommand,
    pushesCommand,
    repositoriesCommand,
    deliveriesCommand,
    silencesCommand,
    deadLettersCommand,
    auditCommand,
    rulesCommand,
    reportsCommand,
  ])
    define(program);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await program.parseAsync([...args, '--server', url, '--token-file', tokenFile], { from: 'user' });
}

describe('list commands', () => {
  it('print a table without control characters', async () => {
    await run('vulnerabilities', 'kev', 'severity>=high', '--sort', '-epss');
    expect(asked[0]!.searchParams.get('q')).toBe('kev severity>=high');
    expect(asked[0]!.searchParams.get('sort')).toBe('-epss');
    const [head, row] = output.stdout.trimEnd().split('\n');
    expect(head).toMatch(/^id +severity +exploited +fix +images +running +packages +title$/);
    expect(row).toMatch(/^CVE-2026-0001 +high +KEV +fixable +3 +libssl3 openssl +=a/);
    expect(row).not.toContain('\u001b');
    await run('fixes');
    expect(output.stdout).toContain('openssl 3.0.11 → 3.0.14');
  });

  it.each([[['vulnerabilities']], [['reports', 'print']]])(
    'say nothing of counts that are up to date: %p',
    async (list) => {
      await run(...list);
      expect(output.stderr).toBe('');
    },
  );

  it.each([
    [null, 'No scanner has evaluated the fleet yet.'],
    ['2026-01-01T00:00:00.000Z', 'No scanner has evaluated the fleet since 2026-01-01T00:00:00.000Z'],
  ])('warn when scanners evaluated the fleet at %s', async (asOf, warning) => {
    evaluatedAt = asOf;
    await run('vulnerabilities', '-o', 'csv');
    expect(output.stderr).toContain(warning);
    output.restore();
    output = captureOutput();
    await run('reports', 'print');
    expect(output.stdout).toBe('owner,repository\r\n');
    expect(output.stderr).toContain(warning);
  });

  it('print every row in pages up to the limit, and note that there are more', async () => {
    await run('incidents', '-o', 'ndjson', '--limit', '450');
    expect(output.stdout.trimEnd().split('\n')).toHaveLength(450);
    expect(output.stderr).toBe('');
    expect(asked.map((url) => url.searchParams.get('limit'))).toEqual(['200', '200', '50']);
    await run('pushes', '-o', 'ndjson', '--limit', '2');
    expect(output.stderr).toContain('--limit 2 cut the list');
  });

  it('print JSON, and CSV that a spreadsheet does not calculate with', async () => {
    await run('vulnerabilities', '-o', 'json');
    expect(JSON.parse(output.stdout)).toEqual([vulnerability]);
    output.restore();
    output = captureOutput();
    await run('vulnerabilities', '-o', 'csv');
    expect(output.stdout).toContain(`'=a`);
    expect(output.stdout).toContain('libssl3 openssl');
  });

  it.each([
    [
      'deliveries',
      ['state=failed'],
      /^d1 +failed +team by slack +18 +2026-01-01 00:00:00 +severity=high +SLACK_REFUSED: is_archived\uFFFD/,
    ],
    ['silences', ['active'], /^s1 +2026-01-0[\d: -]+ann +severity="low", rule="x" +planned work$/],
    [
      'dead-letters',
      ['worker=push'],
      /^l1 +2026-01-01 00:00:00 +push +3 +shop\/app:1 +REGISTRY_UNAVAILABLE: no answer$/,
    ],
    ['audit', ['action=silence.created'], /^7 +2026-01-01 00:00:00 +ann +silence\.created +s1 +192\.0\.2\.1$/],
    ['rules', ['state=refused'], /^Shell +high +refused +a\.yml:3 +no condition$/],
  ])('print %s, whose subcommands have options of the same names', async (list, query, row) => {
    await run(list, ...query, '--sort', 'created', '--limit', '1');
    const { pathname, searchParams } = asked[0]!;
    expect([pathname, searchParams.get('q'), searchParams.get('limit')]).toEqual([`/api/v1/${list}`, query[0], '1']);
    expect(output.stdout.trimEnd().split('\n')[1]).toMatch(row);
    output.restore();
    output = captureOutput();
    await run(list, '-o', 'ndjson');
    expect(JSON.parse(output.stdout)).toEqual(rowsOf[list]);
  });

  it.each([
    [['deliveries', 'list', '--watch'], 'list has no option --watch'],
    [['dead-letters', 'list', '-o', 'csv'], '--output of list is one of table, json'],
    [['silences', 'list', '--limit', '3'], 'list has no option --limit'],
  ])('refuse options of a list for its subcommands: %j', async (args, problem) => {
    const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
    for (const define of [deliveriesCommand, silencesCommand, deadLettersCommand]) define(program);
    const refused = { exitCode: 64, message: expect.stringContaining(problem) };
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toMatchObject(refused);
  });

  it('print rows that change until the platform refuses the token', async () => {
    await expect(run('repositories', '--watch', '-o', 'ndjson')).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
    expect(output.stdout.trimEnd().split('\n')).toEqual([
      '{"repository":"shop/app"}',
      '{"repository":"shop/web","isRunning":false}',
      '{"repository":"shop/web","isRunning":true}',
    ]);
    await expect(run('repositories', '--watch')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('print that nothing matches', async () => {
    await run('images', 'running');
    expect(output.stdout).toBe('no images match\n');
  });

  it('print the heading of CSV without rows', async () => {
    await run('images', 'running', '-o', 'csv');
    expect(output.stdout).toBe('digest,platform\r\n');
  });

  it('list silences of a platform, with those that have ended only if asked for', async () => {
    await run('silences', 'list');
    await run('silences', 'list', '--all', '-o', 'json');
    expect(asked.map((url) => url.searchParams.get('q'))).toEqual(['', 'ended or not ended']);
    expect(output.stdout).toContain('planned work');
  });

  it('fail with the error of the platform, and without one', async () => {
    await expect(run('images', 'wrong')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
    imagesCommand(program);
    const elsewhere = ['images', '--server', 'http://127.0.0.1:9'];
    await expect(program.parseAsync(elsewhere, { from: 'user' })).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});
