import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { ability, itWith } from '@tidewaiter/testkit';

import { commandLine, startTicks } from './identity.js';
import { startLocalServers, stopLeftovers } from './local-servers.js';
import { startNats } from './nats.js';
import { freePort } from './ports.js';
import { startPostgres, stopLeftoverPostgres } from './postgres.js';
import { findPrograms, missingPackages, type Programs } from './programs.js';
import { ask } from './server-process.js';

const isRoot = process.getuid?.() === 0;
let dir: string;
let programs: Programs;

describe('startLocalServers', () => {
  beforeAll(async () => {
    programs = await findPrograms(process.env['PATH']);
    expect(missingPackages(programs)).toEqual([]);
  });

  beforeEach(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'tidewaiter-servers-')));
    await chmod(dir, 0o755);
  });

  afterEach(async () => rm(dir, { recursive: true, force: true }));

  describe('three servers in one folder', () => {
    it('start, keep their passwords, and start again', async () => {
      const first = await startLocalServers({ dir, programs });
      await first.stop();
      const second = await startLocalServers({ dir, programs });
      await second.stop();
      const passwords = ({ urls }: typeof first) => Object.values(urls).map((url) => new URL(url).password);
      expect(passwords(second)).toEqual(passwords(first));
      expect((await stat(join(dir, 'secrets.json'))).mode & 0o777).toBe(0o600);
      expect(await Promise.all([...first.servers, ...second.servers].map(async ({ exited }) => exited))).toEqual(
        Array.from({ length: 6 }, () => ({ code: 0, signal: null })),
      );
    });

    it('listen only on 127.0.0.1', async () => {
      const { servers, stop } = await startLocalServers({ dir, programs });
      const listening = await readFile('/proc/net/tcp', 'utf8');
      const everywhere = await readFile('/proc/net/tcp6', 'utf8').catch(() => '');
      await stop();
      for (const { port } of servers) {
        const hex = port.toString(16).toUpperCase().padStart(4, '0');
        expect(listening).toContain(`0100007F:${hex} 00000000:0000 0A`);
        expect(listening).not.toContain(` 00000000:${hex} `);
        expect(everywhere).not.toContain(`:${hex} 0000`);
      }
    });

    it('survive SIGKILL of everything', async () => {
      const first = await startLocalServers({ dir, programs });
      await Promise.all(first.servers.map(async (server) => server.kill()));
      const second = await startLocalServers({ dir, programs });
      expect(second.servers.map(({ name }) => name)).toEqual(['nats', 'redis', 'postgres']);
      await second.stop();
    });

    it('are not started if an address is configured', async () => {
      const use = { nats: 'nats://elsewhere:4222', database: 'postgres://elsewhere/tidewaiter' };
      const { urls, servers, stop } = await startLocalServers({ dir, programs, use });
      await stop();
      expect(servers.map(({ name }) => name)).toEqual(['redis']);
      expect(urls).toMatchObject(use);
    });

    it('are stopped again if one of them cannot start', async () => {
      await mkdir(join(dir, 'postgres'));
      await writeFile(join(dir, 'postgres', 'PG_VERSION'), '15\n');
      await expect(startLocalServers({ dir, programs })).rejects.toMatchObject({ code: 'SERVER_START_FAILED' });
      const pid = Number.parseInt(await readFile(join(dir, 'nats', 'nats.pid'), 'utf8').catch(() => '0'), 10);
      expect(pid === 0 ? [] : await commandLine(pid)).toEqual([]);
    });
  });

  describe('a server left by a killed run', () => {
    // Without setpriv nothing ends the servers of a killed launcher: the worst case.
    const orphans = async () => startLocalServers({ dir, programs: { ...programs, setpriv: undefined } });

    it('is stopped by the next start', async () => {
      const left = await orphans();
      const next = await startLocalServers({ dir, programs });
      for (const { pid } of left.servers) expect(await commandLine(pid)).toEqual([]);
      await next.stop();
    });

    it('is stopped by stopLeftovers', async () => {
      const left = await orphans();
      await stopLeftovers(dir);
      for (const { pid } of left.servers) expect(await commandLine(pid)).toEqual([]);
    });

    it('does not block PostgreSQL if another process has its pid', async () => {
      const port = await freePort();
      const options = { dataDir: join(dir, 'postgres'), port, password: 'pass word' };
      await (await startPostgres(options, programs)).kill();
      const other = spawn('sleep', ['60'], isRoot ? { uid: (await stat(options.dataDir)).uid } : {});
      await once(other, 'spawn');
      const pidFile = join(options.dataDir, 'postmaster.pid');
      await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^[0-9]+/, String(other.pid)));
      const again = await startPostgres(options, programs);
      expect(await commandLine(other.pid!)).toEqual(['sleep', '60']);
      await again.stop();
      other.kill('SIGKILL');
    });
  });

  it('fails with the log when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const starting = startNats({ dataDir: join(dir, 'nats'), port, user: 'u', password: 'p' }, programs);
    await expect(starting).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringContaining('address already in use'),
    });
    await other[Symbol.asyncDispose]();
  });

  it('starts NATS with our limits and name', async () => {
    const port = await freePort();
    const nats = await startNats({ dataDir: join(dir, 'na "ts'), port, user: 'u', password: 'p"$\\w' }, programs);
    const info = await ask(port, '', (answer) => answer.includes('\r\n'));
    await nats.stop();
    expect(JSON.parse(info.replace(/^INFO /, ''))).toMatchObject({
      max_payload: 1 << 20,
      jetstream: true,
      auth_required: true,
    });
  });

  itWith(ability('root', isRoot))('keeps PostgreSQL elsewhere when its user cannot reach the folder', async () => {
    const hidden = join(dir, 'hidden');
    await mkdir(hidden, { mode: 0o700 });
    const options = { dataDir: join(hidden, 'postgres'), port: await freePort(), password: 'p' };
    await (await startPostgres(options, programs)).stop();
    expect((await lstat(options.dataDir)).isSymbolicLink()).toBe(true);
    const place = await readlink(options.dataDir);
    expect((await stat(place)).uid).not.toBe(0);
    const again = await startPostgres(options, programs);
    // A copied folder has the same link, and must not stop what runs behind it.
    const copy = join(dir, 'copy');
    await mkdir(copy);
    await symlink(place, join(copy, 'postgres'));
    await stopLeftoverPostgres(join(copy, 'postgres'));
    expect(await startTicks(again.pid)).toBeDefined();
    await again.stop();
    await rm(dirname(place), { recursive: true });
  });
});
