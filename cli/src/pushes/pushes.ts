import { printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { changeStore } from '../database.js';
import { listOptions } from '../lists/lists.js';

const exitFailed = 2;
const exitUsage = 64;
const batchSize = 200;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Command that lists pushes, and tries refused ones again. */
export function pushesCommand(program: Command): void {
  const pushes = listOptions(program.command('pushes'), 'pushes');
  pushes
    .command('retry')
    .description('retry refused pushes')
    .argument('[id...]', 'ids of pushes, as the API, the console and messages name them')
    .option('--all', 'every refused push')
    .action(async (ids: string[], { all = false }: { all?: boolean }, command: Command) => {
      if (all === ids.length > 0) command.error('error: give either ids or --all', { exitCode: exitUsage });
      const wrong = ids.find((id) => !uuid.test(id));
      if (wrong !== undefined) command.error(`error: ${printable(wrong)} is no id`, { exitCode: exitUsage });
      await (all ? retryAll() : retrySome(ids));
    });
}

async function retrySome(ids: readonly string[]): Promise<void> {
  const { Pushes } = await import('@tidewaiter/store');
  const retried = await changeStore('push.retried', async (store) =>
    store.transaction((tx) => new Pushes(store).retry(tx, ids)),
  );
  const known = new Set(retried);
  for (const id of ids) if (!known.has(id.toLowerCase())) printStderr(`${id}: no push that was refused`);
  printStderr(`${retried.length} of ${ids.length} will be tried again`);
  if (retried.length < ids.length) process.exitCode = exitFailed;
}

/** In batches: each push that is tried again is no longer refused. Newer refusals are left. */
async function retryAll(): Promise<void> {
  const { Pushes } = await import('@tidewaiter/store');
  await changeStore('push.retried', async (store) => {
    const pushes = new Pushes(store);
    const seen = new Set<string>();
    for (;;) {
      const batch = await store.transaction(async (tx) => {
        const refused = (await pushes.refused(tx, batchSize)).filter((id) => !seen.has(id));
        return pushes.retry(tx, refused, 'bulk');
      });
      if (batch.length === 0) break;
      for (const id of batch) seen.add(id);
    }
    printStderr(`${seen.size} will be tried again`);
  });
}
