import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { start } from '@tidewaiter/console';
import { Pushes } from '@tidewaiter/store';
import { captureOutput, type CapturedOutput, startConsole, type TestConsole } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { incidentsCommand } from '../incidents/incidents.js';
import { pushesCommand } from '../pushes/pushes.js';
import { viewsCommand } from './views.js';

let api: TestConsole;
let output: CapturedOutput;

beforeAll(async () => {
  api = await startConsole(start);
  const { store, folder } = api;
  await store.transaction(async (tx) =>
    new Pushes(store).add(
      tx,
      ['shop/app', 'shop/web', 'data/etl'].map((repository) => ({
        ...{ connection: 'main', repository, tag: '1', claimedDigest: null, artifact: 'image' as const },
        ...{ attachedTo: null, pushedBy: null, pushedAt: null },
      })),
    ),
  );
  await writeFile(join(folder, 'token'), await api.tokenOf('ann', 'viewer'));
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => api.stop());

/** Runs a command, and returns what it has printed. */
async function run(...args: string[]): Promise<string> {
  output.restore();
  output = captureOutput();
  const program = new Command('tidewaiter').exitOverride();
  for (const define of [incidentsCommand, pushesCommand, viewsCommand]) define(program);
  await program.parseAsync([...args, '--server', api.url, '--token-file', join(api.folder, 'token')], { from: 'user' });
  return output.stdout;
}

describe('views of the command line', () => {
  it('are saved, replaced under their name, counted and deleted', async () => {
    await run('views', 'save', 'ours', 'pushes', 'repository=data/*');
    await run('views', 'save', 'ours', 'pushes', 'repository=shop/*', 'tag=1', '--pin', '--sort', 'image');
    expect(await run('views')).toBe(
      'view  list    rows  query                    remarks\nours  pushes  2     repository=shop/* tag=1  pinned\n',
    );
    await run('views', 'remove', 'ours');
    expect(await run('views')).toBe('');
    await expect(run('views', 'remove', 'ours')).rejects.toMatchObject({ code: 'VIEW_UNKNOWN' });
  });

  it('filter a list, together with further conditions', async () => {
    await run('views', 'save', 'either', 'pushes', 'repository=data/* or repository=shop/app');
    const names = async (...more: string[]) =>
      (JSON.parse(await run('pushes', ...more, '--view', 'either', '-o', 'json')) as { repository: string }[])
        .map(({ repository }) => repository)
        .toSorted();
    expect(await names()).toEqual(['data/etl', 'shop/app']);
    expect(await names('repository=shop/*')).toEqual(['shop/app']);
    await expect(run('incidents', '--view', 'either')).rejects.toMatchObject({ code: 'VIEW_OF_OTHER_LIST' });
    await expect(run('pushes', '--view', 'none')).rejects.toMatchObject({ code: 'VIEW_UNKNOWN' });
  });

  it('are shared by maintainers alone', async () => {
    await expect(run('views', 'save', 'all', 'pushes', 'tag=1', '--seen-by', 'everyone')).rejects.toMatchObject({
      code: 'ROLE_MISSING',
    });
  });
});
