import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput, uuidOf } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { containmentCommand } from './containment.js';

const web = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: null };
const offer = {
  ...{ cluster: 'eu1', action: 'isolate', subject: web, title: 'Isolate web' },
  ...{ effects: ['create NetworkPolicy shop/tidewaiter-web\u001b[2J'], undoEffect: 'delete it' },
};
const node = { ...offer, action: 'cordon-node', subject: { ...web, kind: 'Node', namespace: null, name: 'worker-1' } };
const order = {
  ...{ id: uuidOf('order'), cluster: 'eu1', action: 'isolate', subject: web, author: 'jane', reason: 'miner' },
  ...{ dryRun: false, undoes: null, state: 'refused', createdAt: '2026-01-01T10:00:00Z', code: 'NAMESPACE_FORBIDDEN' },
};

let server: Server;
let output: CapturedOutput;
let folder: string;
let asked: { what: string; body: unknown }[];
let offers: object[];

/** A platform with one incident and one order. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-containment-'));
  await writeFile(join(folder, 'token'), 'token');
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { pathname, search } = new URL(request.url!, 'http://platform');
      asked.push({ what: `${request.method} ${pathname}${search}`, body: text === '' ? null : JSON.parse(text) });
      const answer =
        request.method === 'POST' || pathname.includes(order.id)
          ? order
          : pathname.endsWith('/containment') && pathname.includes('/incidents/')
            ? { isEnabled: true, offers, orders: [] }
            : { items: [order], next: null };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
});

beforeEach(() => {
  asked = [];
  offers = [offer, node];
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const incident = uuidOf('seven');

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
  containmentCommand(program);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = ['--server', url, '--token-file', join(folder, 'token')];
  await program.parseAsync(['containment', ...args, ...connection], { from: 'user' });
}

describe('containmentCommand', () => {
  it('prints the actions that suit an incident, with their effects', async () => {
    await run('offers', incident);
    expect(output.stdout).toContain('isolate Deployment/shop/web of eu1\n    create NetworkPolicy shop/tidewaiter-web');
    expect(output.stdout).toContain('undo: delete it');
    expect(output.stdout).toContain('cordon-node Node/worker-1 of eu1');
    expect(output.stdout).not.toContain('\u001b');
  });

  it('orders the action for the object that it suits', async () => {
    await run('order', incident, '--action', 'isolate', '--reason', 'miner', '--dry-run');
    expect(asked.at(-1)).toEqual({
      what: `POST /api/v1/incidents/${incident}/containment`,
      body: {
        ...{ action: 'isolate', cluster: 'eu1', reason: 'miner', dryRun: true },
        subject: { kind: 'Deployment', namespace: 'shop', name: 'web' },
      },
    });
    expect(output.stderr).toContain('refused NAMESPACE_FORBIDDEN  isolate Deployment/shop/web of eu1');
  });

  it('refuses to choose among several objects', async () => {
    offers = [offer, { ...offer, cluster: 'us1' }];
    const args = ['order', incident, '--action', 'isolate', '--reason', 'miner'];
    await expect(run(...args)).rejects.toMatchObject({
      code: 'CONTAINMENT_SUBJECT_AMBIGUOUS',
      message: expect.stringContaining('Deployment/shop/web of eu1, Deployment/shop/web of us1'),
    });
    await run(...args, '--cluster', 'us1', '--object', 'Deployment/shop/web');
    expect(asked.at(-1)).toMatchObject({ body: { cluster: 'us1' } });
  });

  it('refuses an action that suits no object', async () => {
    await expect(run('order', incident, '--action', 'delete-pod', '--reason', 'x')).rejects.toMatchObject({
      code: 'CONTAINMENT_SUBJECT_UNKNOWN',
    });
    expect(asked.filter(({ what }) => what.startsWith('POST'))).toEqual([]);
  });

  it('lists orders in a state', async () => {
    await run('list', '--state', 'refused', '--limit', '5');
    expect(asked.at(-1)!.what).toBe('GET /api/v1/containment?limit=5&state=refused');
    expect(output.stdout).toMatch(
      /^[0-9a-f-]{36} {2}refused NAMESPACE_FORBIDDEN {2}isolate Deployment\/shop\/web of eu1/,
    );
    output.stdout = '';
    await run('list', '-o', 'json');
    expect(JSON.parse(output.stdout)).toEqual([order]);
    await expect(run('list', '-o', 'csv')).rejects.toMatchObject({ exitCode: 64 });
  });

  it('lists orders that match a query', async () => {
    await run('state=refused by=jane', '--sort', 'expires', '--limit', '5');
    expect(asked.at(-1)!.what).toBe('GET /api/v1/containment?q=state%3Drefused+by%3Djane&limit=5&sort=expires');
    const columns = ['refused', 'isolate', 'eu1', 'Deployment/shop/web', 'jane', 'NAMESPACE_FORBIDDEN'];
    for (const column of columns) expect(output.stdout).toContain(column);
  });

  it.each([
    ['approve', [], `POST /api/v1/containment/${order.id}/approve`, {}],
    ['undo', ['--reason', 'false alarm'], `POST /api/v1/containment/${order.id}/undo`, { reason: 'false alarm' }],
    ['show', [], `GET /api/v1/containment/${order.id}`, null],
  ])('asks the platform to %s an order', async (name, flags, what, body) => {
    await run(name, order.id, ...flags);
    expect(asked).toEqual([{ what, body }]);
  });
});
