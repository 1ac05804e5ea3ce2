import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Bus, DatabaseMirror } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { busServices, consumers, inboxPrefix, registryPushed, streams } from '@tidewaiter/events';
import { findPrograms, type LocalServers, serviceUrl, startLocalServers } from '@tidewaiter/servers';
import { Redis } from 'ioredis';

import { serverUsers } from './server-users.js';

let servers: LocalServers;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidewaiter-users-'));
  const programs = await findPrograms(process.env['PATH']);
  const use = { database: 'postgres://not-used' };
  servers = await startLocalServers({ dir, programs, use, services: serverUsers() });
  // Makes the streams.
  await (await Bus.connect('test', { natsUrl: new Secret(servers.urls.nats) })).onApplicationShutdown();
});

afterAll(async () => {
  await servers.stop();
  await rm(dir, { recursive: true });
});

describe('Users of services in NATS', () => {
  const open: NatsConnection[] = [];

  afterEach(async () => Promise.all(open.splice(0).map(async (connection) => connection.close())));

  async function user(name: string): Promise<NatsConnection> {
    const { host, username, password } = new URL(
      name === 'owner' ? servers.urls.nats : serviceUrl(servers.urls.nats, name),
    );
    const connection = await connect({
      servers: host,
      user: username,
      pass: password,
      inboxPrefix: inboxPrefix(name),
      reconnect: false,
    });
    open.push(connection);
    return connection;
  }

  const [events, runtime] = streams.map(({ name }) => name);

  /** Whether the server does what a request to JetStream asks for. */
  async function isAnswered(name: string, subject: string, body = ''): Promise<boolean> {
    const answer = (await user(name)).request(subject, body, { timeout: 500 });
    return answer.then(
      () => true,
      () => false,
    );
  }

  it.each(busServices)('let %s connect and reconcile the streams', async (name) => {
    const bus = await Bus.connect(name, { natsUrl: new Secret(serviceUrl(servers.urls.nats, name)) });
    await bus.onApplicationShutdown();
  });

  it.each<[name: string, subject: string, body?: string]>([
    ['scanner', `$JS.API.STREAM.DELETE.${events}`],
    ['scanner', `$JS.API.STREAM.PURGE.${runtime}`],
    ['ingest', `$JS.API.STREAM.PURGE.${runtime}`],
    ['scanner', `$JS.API.STREAM.MSG.GET.${runtime}`, '{"seq":1}'],
    ['notifier', `$JS.API.DIRECT.GET.${runtime}`, '{"seq":1}'],
    ['notifier', `$JS.API.CONSUMER.MSG.NEXT.${events}.scanner`, '{"batch":1,"no_wait":true}'],
    ['detector', `$JS.API.CONSUMER.DELETE.${events}.scanner`],
    ['console', `$JS.API.CONSUMER.CREATE.${runtime}`, '{}'],
    ['notifier', `$JS.API.STREAM.CREATE.SPY`, '{"name":"SPY","subjects":["spy"]}'],
    ['scanner', 'tidewaiter.runtime.observed.1', '{}'],
  ])('keep %s from %s', async (name, subject, body = '') => {
    expect(await isAnswered(name, subject, body)).toBe(false);
  });

  it('let the owner do the same, so that the requests above are right', async () => {
    expect(await isAnswered('owner', `$JS.API.STREAM.MSG.GET.${runtime}`, '{"seq":1}')).toBe(true);
    expect(await isAnswered('owner', `$JS.API.STREAM.PURGE.${runtime}`)).toBe(true);
    expect(await isAnswered('detector', `$JS.API.STREAM.PURGE.${runtime}`)).toBe(true);
    expect(await isAnswered('owner', 'tidewaiter.runtime.observed.1', '{}')).toBe(true);
    expect(await isAnswered('ingest', 'tidewaiter.runtime.observed.1', '{}')).toBe(true);
  });

  it('let ingest read past events, for a database that was restored', async () => {
    const bus = await Bus.connect('ingest', { natsUrl: new Secret(serviceUrl(servers.urls.nats, 'ingest')) });
    const mirror = new DatabaseMirror(bus);
    await mirror.write({ id: 'a', epoch: 1, beat: 2 });
    expect(await mirror.read()).toEqual({ id: 'a', epoch: 1, beat: 2 });
    const past = await Array.fromAsync(mirror.events([registryPushed], new Date(0)));
    expect(past).toEqual([]);
    await bus.append('tidewaiter.runtime.observed.2', '{}', 'first of its partition');
    expect(await bus.firstOf(runtime!, 'tidewaiter.runtime.observed.2')).toBeGreaterThan(0);
    expect(await bus.firstOf(runtime!, 'tidewaiter.runtime.observed.3')).toBeNull();
    await bus.onApplicationShutdown();
  });

  it.each(['_INBOX_notifier.>', 'tidewaiter.runtime.>', '$JS.ACK.>', '>'])(
    'keep the scanner from reading %s',
    async (subject) => {
      const connection = await user('scanner');
      let heard = 0;
      connection.subscribe(subject, { callback: (error) => void (error ?? (heard += 1)) });
      await sleep(100);
      const owner = await user('owner');
      for (const each of ['_INBOX_notifier.x', 'tidewaiter.runtime.observed.2', '$JS.ACK.x']) owner.publish(each, 'x');
      await owner.flush();
      await sleep(100);
      expect(heard).toBe(0);
    },
  );

  it('have consumers that exist', async () => {
    const manager = await jetstreamManager(await user('owner'));
    for (const { stream, name } of Object.values(consumers)) await manager.consumers.info(stream, name);
  });
});

describe('Users of services in Redis', () => {
  async function attempt(name: string, ...command: [string, ...string[]]): Promise<string> {
    const redis = new Redis(serviceUrl(servers.urls.redis, name), {
      lazyConnect: true,
      retryStrategy: () => null,
      // A timer of this length outlives the connection.
      disconnectTimeout: 10,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return String(await redis.call(...command));
    } catch (error) {
      return (error as Error).message;
    } finally {
      redis.disconnect();
    }
  }

  it('let the scanner write keys of its queues', async () => {
    expect(await attempt('scanner', 'SET', 'tidewaiter:push:x', '1')).toBe('OK');
    expect(await attempt('notifier', 'EVAL', 'return redis.call("GET", KEYS[1])', '1', 'tidewaiter:push:x')).toBe('1');
  });

  it.each<[string, [string, ...string[]]]>([
    ['scanner', ['SET', 'other', '1']],
    ['scanner', ['FLUSHALL']],
    ['scanner', ['CONFIG', 'SET', 'dir', '/tmp']],
    ['notifier', ['ACL', 'LIST']],
    ['notifier', ['CLIENT', 'KILL', 'TYPE', 'normal']],
    ['notifier', ['KEYS', '*']],
    ['notifier', ['SHUTDOWN']],
  ])('keep %s from %j', async (name, command) => {
    expect(await attempt(name, ...command)).toMatch(/^NOPERM /);
  });

  it('do not exist for services without queues', async () => {
    expect(await attempt('console', 'PING')).not.toBe('PONG');
  });
});
