import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { jetstreamManager } from '@nats-io/jetstream';
import { Secret } from '@tidewaiter/domain';
import { consumers, registryPushed, runtimeStream } from '@tidewaiter/events';
import { type NatsConfig, ServerWaits } from '@tidewaiter/runtime';
import { startNatsServers, type TestNats } from '@tidewaiter/testkit';

import { Bus } from './connection.js';

let nats: TestNats | undefined;
const buses: Bus[] = [];

afterEach(async () => {
  await Promise.all(buses.splice(0).map(async (bus) => bus.onApplicationShutdown()));
  await nats?.stop();
  nats = undefined;
});

async function start(options: Parameters<typeof startNatsServers>[0]): Promise<TestNats> {
  return (nats = await startNatsServers(options));
}

async function connected(server: NatsConfig, waits?: ServerWaits): Promise<Bus> {
  const bus = await Bus.connect('test', server, waits);
  buses.push(bus);
  return bus;
}

const mutual = ({ url, certificates: { ca, clientCert, clientKey } }: TestNats): NatsConfig => ({
  natsUrl: new Secret(url),
  natsCaFile: ca,
  natsCertFile: clientCert,
  natsKeyFile: clientKey,
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(50);
}

describe('Bus', () => {
  it('connects with a client certificate, and logs soon why it waits without one', async () => {
    const server = mutual(await start({ tls: true }));
    const bus = await connected(server);
    expect(await bus.problem([consumers.notifier])).toBeUndefined();

    const lines: { fields: object; message: string; at: number }[] = [];
    const note = (fields: object, message: string) => lines.push({ fields, message, at: performance.now() });
    const began = performance.now();
    const waits = new ServerWaits({ warn: note, info: note });
    const unknown = await Bus.inBackground('test', { natsUrl: server.natsUrl, natsCaFile: server.natsCaFile }, waits);
    buses.push(unknown);
    await until(async () => lines.length > 0);
    expect(lines[0]).toMatchObject({
      message: 'waiting for a server',
      fields: { server: 'NATS', err: expect.objectContaining({ code: expect.stringMatching(/ALERT/) }) },
    });
    expect(lines[0]!.at - began).toBeLessThan(15_000);
    expect(waits.current()['nats']).toMatch(/ALERT/);
    expect(await unknown.problem([])).toBe(waits.current()['nats']);

    const distrusting = new ServerWaits();
    buses.push(await Bus.inBackground('test', { natsUrl: server.natsUrl }, distrusting));
    await until(async () => distrusting.current()['nats'] !== undefined);
    expect(distrusting.current()['nats']).toMatch(/CERT|UNABLE_TO/);
  });

  it('signs in with an nkey, and with the credentials of an operator, which are in files', async () => {
    const withNkey = await start({ signIn: 'nkey' });
    const { url, user } = withNkey;
    const bus = await connected({ natsUrl: new Secret(url), natsNkeyFile: user.nkeyFile });
    expect(await bus.problem([])).toBeUndefined();
    await withNkey.stop();

    const operated = await start({ signIn: 'creds' });
    const natsUrl = new Secret(operated.url);
    const other = await connected({ natsUrl, natsCredsFile: operated.user.credsFile });
    expect(await other.problem([])).toBeUndefined();
  });

  it('names a wait for a lost server, and connects again when it is back', async () => {
    const { url, kill, restart } = await start({});
    const waits = new ServerWaits();
    const bus = await connected({ natsUrl: new Secret(url) }, waits);
    await kill(0);
    await until(async () => (await bus.problem([])) === 'ECONNREFUSED');
    await restart(0);
    await until(async () => (await bus.problem([])) === undefined);
    expect(waits.current()).toEqual({});
  });

  it('refuses replicas that NATS cannot have, and halves of settings', async () => {
    const { url } = await start({});
    const natsUrl = new Secret(url);
    await expect(Bus.connect('test', { natsUrl, natsReplicas: 3 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(Bus.connect('test', { natsUrl, natsCertFile: 'x' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('sizes the stream of runtime events, which a service without the setting leaves as it is', async () => {
    const { url } = await start({});
    const natsUrl = new Secret(url);
    const sizeIn = async (bus: Bus) => {
      const manager = await jetstreamManager(bus.connection);
      return (await manager.streams.info(runtimeStream)).config.max_bytes;
    };
    expect(await sizeIn(await connected({ natsUrl }))).toBe(2 ** 30);
    expect(await sizeIn(await connected({ natsUrl, runtimeStreamBytes: 2 ** 27 }))).toBe(2 ** 27);
    expect(await sizeIn(await connected({ natsUrl }))).toBe(2 ** 27);
  });

  it('says that a server which takes connections does not answer', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const waits = new ServerWaits();
    buses.push(await Bus.inBackground('test', { natsUrl: new Secret(`nats://127.0.0.1:${port}`) }, waits));
    expect(waits.current()).toEqual({ nats: 'no answer' });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('a server that is restarted', () => {
  it('keeps the life of its streams, which services look after at each start', async () => {
    const server = await start({});
    const lives = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const bus = await connected({ natsUrl: new Secret(server.url) });
      lives.add((await bus.endOf(runtimeStream)).life);
      await bus.onApplicationShutdown();
      await server.kill(0);
      await server.restart(0);
    }
    expect(lives.size).toBe(1);
  });
});

describe('a cluster of three servers', () => {
  const pushed = (number: number) => ({
    specversion: '1.0' as const,
    id: `01985a4e-6c3a-7d43-8a5b-${String(number).padStart(12, '0')}`,
    source: '/tidewaiter/ingest',
    type: registryPushed.type,
    subject: 'app:1',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json' as const,
    data: {},
  });

  it('keeps every event while the leader is killed again and again', async () => {
    const cluster = await start({ servers: 3, tls: true });
    const bus = await connected({ ...mutual(cluster), natsReplicas: 3 });
    let published = 0;
    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 20; count += 1, published += 1) await publishedAtLast(bus, pushed(published));
      const killed = await cluster.killLeader('TIDEWAITER');
      await publishedAtLast(bus, pushed((published += 1)));
      await cluster.restart(killed);
      await until(async () => (await bus.problem([consumers.notifier])) === undefined);
    }
    const { sequence } = await bus.endOf('TIDEWAITER');
    expect(sequence).toBeGreaterThanOrEqual(40);
  });

  it('reports a stream without its leader within seconds, and no longer when it is back', async () => {
    const cluster = await start({ servers: 3 });
    const bus = await connected({ natsUrl: new Secret(cluster.url) });
    const killed = await cluster.killLeader('TIDEWAITER');
    const began = performance.now();
    await until(async () => (await bus.problem([])) !== undefined);
    expect(performance.now() - began).toBeLessThan(20_000);
    await cluster.restart(killed);
    await until(async () => (await bus.problem([])) === undefined);
  });
});

/** As the outbox does: until it is taken. */
async function publishedAtLast(bus: Bus, event: Parameters<Bus['publish']>[1]): Promise<void> {
  for (;;) {
    try {
      await bus.publish(registryPushed.channel, event, event.id);
      return;
    } catch {
      await sleep(100);
    }
  }
}
