import { Secret } from '@tidewaiter/domain';
import { ClusterCredentials, connect, Store } from '@tidewaiter/store';
import { type CapturedOutput, captureOutput, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { clustersCommand } from './clusters.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let credentials: ClusterCredentials;
let store: Store;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  credentials = new ClusterCredentials(store);
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await dataSource.destroy();
  await servers.stop();
});

async function clusters(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  clustersCommand(program);
  for (const command of program.commands) for (const each of command.commands) each.exitOverride();
  await program.parseAsync(['clusters', ...args], { from: 'user' });
}

describe('tidewaiter clusters', () => {
  it('joins a cluster by a token that an agent exchanges, and removes it', async () => {
    await clusters('list');
    expect(output.stderr).toContain('no clusters');
    await clusters('join', 'eu1', '--hub-url', 'https://hub.example.com');
    const token = output.stdout.trim();
    expect(output.stderr).toContain(
      `--set topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=${token}`,
    );
    const issued = await credentials.join(token, { version: '1.2.3', instance: 'one' });
    const agent = await credentials.verify(issued.credential.reveal());
    await credentials.report(agent, {
      ...{ version: '1.2.3', instance: 'one', lastEventAt: '2026-01-02T03:04:05.000Z', lagMs: 5_000, waitingBytes: 1 },
      ...{ dropped: { falco: 3 }, problems: { kubernetes: 'pods: 403\u001b[2J' } },
    });
    output.stdout = '';
    await clusters();
    expect(output.stdout).toMatch(/^eu1 +ok +1\.2\.3 +last event 2026-01-02 03:04:05  lag 5s  3 of falco dropped/);
    expect(output.stdout).not.toContain('\u001b');
    output.stdout = '';
    await clusters('list', '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({ items: [{ name: 'eu1', dropped: { falco: 3 } }] });
    expect(output.stdout).not.toMatch(/[hH]ash/);
    await clusters('remove', 'eu1');
    await expect(credentials.verify(issued.credential.reveal())).rejects.toMatchObject({
      code: 'AGENT_CREDENTIAL_INVALID',
    });
    await expect(clusters('remove', 'eu1')).rejects.toMatchObject({ code: 'CLUSTER_UNKNOWN' });
    const entries = await store.query<{ action: string }>('SELECT action FROM audit_entry ORDER BY number', []);
    expect(entries.map(({ action }) => action)).toEqual(['cluster.invited', 'cluster.removed']);
  });

  it('shows a cluster that waits for its agent', async () => {
    await clusters('join', 'us1');
    output.stdout = '';
    await clusters();
    expect(output.stdout).toMatch(/^us1 +invited/);
    await clusters('remove', 'us1');
  });
});
