import { clusterState, printable } from '@tidewaiter/domain';
import type { Clusters, ListedCluster, Store } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { environment, printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { fit, secondOf } from '../terminal.js';

/** Commands that list, join and remove clusters. */
export function clustersCommand(program: Command): void {
  const clusters = program.command('clusters').description('clusters with an agent');
  clusters
    .command('list', { isDefault: true })
    .description('show clusters with their agents')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => withStore(async (store) => list(store, output)));
  clusters
    .command('join')
    .description('make a join token for the agent of a cluster; it is printed once, and only its hash is kept')
    .argument('<name>', 'name of the cluster, as it appears in alerts')
    .option('--hub-url <url>', 'URL under which the agent reaches ingest; TIDEWAITER_INGEST_URL unless given')
    .action(async (name: string, { hubUrl }: { hubUrl?: string }) =>
      changeStore('cluster.invited', async (store) => {
        const { token, expiresAt } = await (await clustersOf(store)).invite(name);
        process.stdout.write(`${token.reveal()}\n`);
        printStderr(
          `valid once, until ${secondOf(expiresAt)} UTC; start the agent with`,
          ...installation(hubUrl ?? (environment['TIDEWAITER_INGEST_URL'] || 'https://INGEST'), token.reveal()),
        );
      }),
    );
  clusters
    .command('remove')
    .description('remove clusters; their agents are refused from now on')
    .argument('<name...>', 'names of clusters')
    .action(async (names: string[]) =>
      changeStore('cluster.removed', async (store) => {
        for (const name of names) {
          await (await clustersOf(store)).remove(name);
          printStderr(`${printable(name)}: removed`);
        }
      }),
    );
}

async function clustersOf(store: Store): Promise<Clusters> {
  const { Clusters } = await import('@tidewaiter/store');
  return new Clusters(store);
}

function installation(hubUrl: string, token: string): string[] {
  return [
    'helm install tidewaiter-agent deploy/helm/tidewaiter -n tidewaiter --create-namespace \\',
    `  --set topology=agent,agent.hubUrl=${hubUrl},agent.joinToken=${token}`,
  ];
}

async function list(store: Store, output: 'table' | 'json'): Promise<void> {
  const items = await (await clustersOf(store)).list();
  if (output === 'json') process.stdout.write(`${JSON.stringify({ items, next: null }, null, 2)}\n`);
  else if (items.length === 0) printStderr('no clusters: join one with tidewaiter clusters join NAME');
  else for (const each of items) process.stdout.write(`${fit(lineOf(each, Date.now()), process.stdout)}\n`);
}

function lineOf(cluster: ListedCluster, nowMs: number): string {
  const { name, agentVersion, lastEventAt, lagMs, dropped, problems } = cluster;
  const lost = Object.entries(dropped).map(([source, events]) => `${events} of ${source} dropped`);
  const event = lastEventAt === null ? 'no event' : `last event ${secondOf(lastEventAt)}`;
  const parts = [name.padEnd(16), clusterState(cluster, nowMs).padEnd(8), (agentVersion ?? '').padEnd(8), event];
  const troubles = Object.entries(problems).map(([part, problem]) => `${part}: ${problem}`);
  return [...parts, `lag ${Math.round(lagMs / 1_000)}s`, ...lost, ...troubles]
    .map((part) => printable(part))
    .join('  ')
    .trimEnd();
}
