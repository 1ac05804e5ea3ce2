import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { findPrograms, missingPackages } from './programs.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidewaiter-programs-'));
  for (const name of ['valkey-server', 'postgres', 'nats-server']) await writeFile(join(dir, name), '');
  for (const name of ['valkey-server', 'postgres']) await chmod(join(dir, name), 0o755);
});

afterAll(async () => rm(dir, { recursive: true, force: true }));

describe('findPrograms', () => {
  it('prefers programs of PATH to those of the system, and only executables', async () => {
    const programs = await findPrograms(['/nowhere', dir].join(delimiter));
    expect(programs).toMatchObject({ redis: join(dir, 'valkey-server'), postgresFolder: dir });
    expect(programs.nats).not.toBe(join(dir, 'nats-server'));
  });

  it.each([
    [{}, undefined, ['nats-server', 'redis-server', 'postgresql']],
    [{ nats: '/bin/nats-server' }, undefined, ['redis-server', 'postgresql']],
    [{ redis: '/bin/valkey-server' }, ['redis', 'database'] as const, ['postgresql']],
    [{}, [] as const, []],
  ])('in %j, wanting %j, misses %j', (found, wanted, missing) => {
    const none = {
      nats: undefined,
      redis: undefined,
      postgresFolder: undefined,
      setpriv: undefined,
      aptGet: undefined,
    };
    expect(missingPackages({ ...none, ...found }, wanted)).toEqual(missing);
  });
});
