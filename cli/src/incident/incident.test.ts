import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput, uuidOf } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { incidentCommand } from './incident.js';

const incident = {
  ...{
    id: uuidOf('seven'),
    number: 7,
    title: 'Miner\u001b[31m',
    sentence: 'It mines.',
    severity: 'high',
    state: 'open',
  },
  ...{ workload: 'shop/Deployment/web', image: null, assignee: 'jane', snoozedUntil: null },
  ...{ resolvedBy: null, resolution: null, nextSteps: ['Isolate the pod'] },
  timeline: [{ at: '2026-01-01T10:00:00Z', title: 'Comment by jane', detail: 'Known' }],
};

interface Asked {
  what: string;
  body: unknown;
}

let server: Server;
let output: CapturedOutput;
let asked: Asked[];
const tokenFile = join(tmpdir(), `tidewaiter-incident-${process.pid}`);

/** A platform that has INC-7. */
beforeAll(async () => {
  await writeFile(tokenFile, 'token');
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url!, 'http://platform');
      asked.push({ what: `${request.method} ${pathname}`, body: text === '' ? null : JSON.parse(text) });
      if (pathname.endsWith('/INC-8')) {
        const problem = {
          status: 404,
          code: 'INCIDENT_UNKNOWN',
          title: 'no incident INC-8',
          detail: 'no incident INC-8',
        };
        response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
        return;
      }
      const items = /\bnumber=7\b/.test(searchParams.get('q') ?? '') ? [incident] : [];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(pathname.endsWith('/incidents') ? { items, next: null } : incident));
    });
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
});

beforeEach(() => {
  asked = [];
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  server.close();
  await rm(tokenFile);
});

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
  incidentCommand(program);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await program.parseAsync(['incident', ...args, '--server', url, '--token-file', tokenFile], { from: 'user' });
}

describe('incidentCommand', () => {
  const path = `/api/v1/incidents/${incident.id}`;

  it.each([
    [['acknowledge', 'INC-7'], `POST ${path}/acknowledge`, {}],
    [['assign', '7', '--to', 'joe'], `POST ${path}/assign`, { assignee: 'joe' }],
    [['assign', 'inc-7', '--nobody'], `POST ${path}/assign`, { assignee: null }],
    [['unsnooze', 'INC-7'], `DELETE ${path}/snooze`, null],
    [['comment', 'INC-7', '--comment', 'Known'], `POST ${path}/comments`, { comment: 'Known' }],
    [['resolve', 'INC-7', '--reason', 'benign'], `POST ${path}/resolve`, { reason: 'benign' }],
    [['resolve', 'INC-7'], `POST ${path}/resolve`, {}],
    [['reopen', incident.id], `POST ${path}/reopen`, {}],
  ] as const)('%j', async (args, what, body) => {
    await run(...args);
    expect(asked.at(-1)).toEqual({ what, body });
    expect(output.stderr).toContain('INC-7: ');
  });

  it('snoozes several incidents for a duration', async () => {
    await run('snooze', 'INC-7', incident.id, '--for', '4h');
    const [first, second] = asked.filter(({ body }) => body !== null);
    expect(Date.parse((first!.body as { until: string }).until) - Date.now()).toBeGreaterThan(3.9 * 3_600_000);
    expect(second).toEqual(first);
  });

  it('shows an incident without control characters', async () => {
    await run('show', 'INC-7');
    expect(output.stdout).toContain('INC-7 Miner');
    expect(output.stdout).not.toContain('\u001b');
    expect(output.stdout).toContain('assignee: jane');
    expect(output.stdout).toContain('2026-01-01T10:00:00Z  Comment by jane  Known');
    expect(output.stdout).toContain('- Isolate the pod');
  });

  it.each([
    [['show', 'INC-8'], { code: 'INCIDENT_UNKNOWN' }],
    [['assign', 'INC-8', '--to', 'joe'], { code: 'INCIDENT_UNKNOWN' }],
    [['show', 'miner'], { code: 'INPUT_INVALID' }],
    [['assign', 'INC-7'], { exitCode: 1 }],
    [['resolve', 'INC-7', '--reason', 'bored'], { exitCode: 1 }],
  ] as const)('refuses %j', async (args, error) => {
    await expect(run(...args)).rejects.toMatchObject(error);
    expect(asked.filter(({ what }) => what.startsWith('POST'))).toEqual([]);
  });
});
