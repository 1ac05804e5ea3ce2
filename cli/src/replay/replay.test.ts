import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { replayCommand } from './replay.js';

const storylines = join(__dirname, '../../../libs/detection/testdata');

const rule = `
title: Test rule for id
author: Somebody <someone@example.com>
license: DRL-1.1
logsource: { product: linux, category: process_creation }
detection:
  selection: { Image|endswith: /id }
  condition: selection
level: high
tags: [attack.discovery, attack.t1033]
`;

let folder: string;
let output: CapturedOutput;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-replay-'));
  await writeFile(join(folder, 'id.yml'), rule);
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  delete process.env['COLUMNS'];
  await rm(folder, { recursive: true });
});

async function replay(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  replayCommand(program);
  await program.parseAsync(['replay', ...args], { from: 'user' });
}

async function recording(...lines: unknown[]): Promise<string> {
  const path = join(folder, 'events.jsonl');
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
}

const at = '2026-02-03T09:00:00.123456789Z';

const exec = (id: string, binary: string) => ({
  id,
  at,
  source: 'tetragon',
  event: {
    process_exec: { process: { exec_id: id, pid: 7, uid: 0, binary, arguments: '' } },
    node_name: 'node-1',
    time: at,
  },
});

const token = (name: string) => join(storylines, `token-theft.${name}`);

describe('-o json', () => {
  it('has the names that scripts rely on', async () => {
    await replay(token('jsonl'), '--facts', token('facts.json'), '--rules', folder, '-o', 'json');
    const { incidents, alerts } = JSON.parse(output.stdout) as {
      incidents: Record<string, unknown>[];
      alerts: Record<string, unknown>[];
    };
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      title: expect.any(String),
      severity: expect.stringMatching(/^(?:high|critical)$/),
      workload: 'reports/Deployment/render',
      imageDigest: expect.stringMatching(/^sha256:/),
      techniques: expect.arrayContaining(['T1033']),
      steps: expect.arrayContaining([
        {
          title: expect.any(String),
          technique: expect.any(String),
          events: expect.any(Array),
          stage: expect.any(String),
          severity: expect.any(String),
          at: expect.any(String),
        },
      ]),
      findings: expect.any(Array),
      openedBy: expect.stringMatching(/^e\d{3}$/),
    });
    expect(alerts).toContainEqual(
      expect.objectContaining({
        rule: 'Test rule for id',
        severity: 'high',
        event: 'e006',
        techniques: ['T1033'],
        author: 'Somebody <someone@example.com>',
        license: 'DRL-1.1',
      }),
    );
  });

  it('says that there is nothing', async () => {
    await replay(await recording(exec('e1', '/bin/true')), '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({ incidents: [], alerts: [], stats: { observed: 1 } });
  });

  it('knows sources by their other names, and empty lines', async () => {
    const audit = {
      kind: 'Event',
      auditID: 'a1',
      stage: 'ResponseComplete',
      verb: 'get',
      requestReceivedTimestamp: at,
      stageTimestamp: at,
    };
    await replay(await recording('', { id: 'e1', at, source: 'k8s_audit', event: audit }, ''), '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({ stats: { observed: 1 } });
  });
});

describe('for people', () => {
  it.each([60, 120, 160])('shows the incident in %i columns', async (columns) => {
    process.env['COLUMNS'] = String(columns);
    await replay(token('jsonl'), '--facts', token('facts.json'), '--rules', folder);
    const lines = output.stdout.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    const text = output.stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('reports/Deployment/render');
    expect(text).toContain('Test rule for id (Somebody <someone@example.com>, DRL-1.1)');
    expect(text).toMatch(/10 events, \d+ alerts, 1 incident $/);
  });

  it('shows nothing that moves a cursor', async () => {
    await replay(await recording(exec('e1', '/tmp/\u001b[2J/id')), '--rules', folder);
    expect(output.stdout).toContain('Test rule for id');
    expect(output.stdout).not.toContain('\u001b');
  });
});

describe('what cannot be replayed', () => {
  it.each<[string, unknown, string]>([
    ['no JSON', '{"id":', 'line 2: not JSON'],
    ['a source that nobody knows', { id: 'e1', at, source: 'oracle', event: {} }, 'line 2: unknown source oracle'],
    ['a line that is no event', { id: 'e1', at, source: 'falco' }, 'line 2: event:'],
  ])('%s', async (_what, line, message) => {
    const path = await recording(exec('e0', '/bin/true'), line);
    await expect(replay(path)).rejects.toMatchObject({
      code: 'RECORDING_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['a recording', ['/nowhere/events.jsonl'], 'RECORDING_MISSING'],
    ['facts', [token('jsonl'), '--facts', '/nowhere/facts.json'], 'FACTS_MISSING'],
    ['rules', [token('jsonl'), '--rules', '/nowhere/rules'], 'RULES_MISSING'],
  ])('%s that are not there', async (_what, args, code) => {
    await expect(replay(...args)).rejects.toMatchObject({ code });
  });

  it('names rules that are left out, and uses the others', async () => {
    await writeFile(join(folder, 'broken.yml'), 'title: Broken\ndetection: {}\n');
    await replay(await recording(exec('e1', '/usr/bin/id')), '--rules', folder, '-o', 'json');
    expect(output.stderr).toContain(`${join(folder, 'broken.yml')}:`);
    expect((JSON.parse(output.stdout) as { alerts: object[] }).alerts).toContainEqual(
      expect.objectContaining({ rule: 'Test rule for id' }),
    );
  });
});
