import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { collect, launcher, makeHome, removeFolders } from './tidewaiter.js';

let servers: ThrowAwayServers<{ postgres: true; redis: true }>;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, redis: true });
});

afterAll(async () => {
  await servers.stop();
  await removeFolders();
});

describe('SIGTERM', () => {
  it.each(['service detector', 'up --port-ingest 0 --port-console 0'])(
    'stops %s, also while it waits for NATS',
    async (command) => {
      const nats = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      const asked = once(nats, 'connection');
      await once(nats, 'listening');
      const child = spawn(launcher, command.split(' '), {
        env: {
          ...process.env,
          TIDEWAITER_HOME: makeHome({}),
          TIDEWAITER_NATS_URL: `nats://127.0.0.1:${(nats.address() as AddressInfo).port}`,
          TIDEWAITER_REDIS_URL: servers.redis.url,
          TIDEWAITER_DATABASE_URL: await servers.postgres.createDatabase(),
          TIDEWAITER_HTTP_PORT: '0',
        },
      });
      const output = collect(child);
      const ended = once(child, 'exit');
      await Promise.race([asked, ended]);
      child.kill('SIGTERM');
      const [code] = await ended;
      const printed = output()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{'));
      expect([code, printed]).toEqual([0, ['stopping; once more to end at once']]);
      nats.close();
    },
    60_000,
  );
});
