import { setTimeout as sleep } from 'node:timers/promises';

import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { Controller, Module, type Type } from '@nestjs/common';
import { InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import {
  type CloudEvent,
  type Consumer,
  consumers,
  registryDeleted,
  registryPushed,
  runtimeStream,
  streams,
} from '@tidewaiter/events';
import { Health, type RunningService, startService } from '@tidewaiter/runtime';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { BusModule } from './bus.module.js';
import { Bus } from './connection.js';
import { type DeadLetterSink, JetStreamServer } from './jetstream-server.js';
import { lifeKey } from './stream-place.js';
import { Subscribe } from './subscribe.js';
import { reconcileTopology } from './topology.js';

type Letter = Parameters<DeadLetterSink['save']>[0];
type Handle = (event: CloudEvent) => Promise<void>;

let servers: ThrowAwayServers<{ nats: true }>;
let bus: Bus;
let manager: JetStreamManager;
let running: RunningService[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ nats: true });
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  manager = await jetstreamManager(bus.connection);
});

afterEach(async () => {
  await Promise.all(running.map(async (service) => service.stop()));
  running = [];
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await servers.stop();
});

let serial = 0;

/** A consumer of its own for each test, which sees only what is published after this. */
async function testConsumer(change: Partial<Consumer> = {}): Promise<Consumer> {
  const consumer: Consumer = { ...consumers.scanner, events: [registryPushed], name: `test-${++serial}`, ...change };
  await manager.consumers.add(consumer.stream, {
    durable_name: consumer.name,
    ack_policy: 'explicit',
    deliver_policy: 'new',
    ack_wait: nanos(consumer.ackWaitMs),
    max_deliver: -1,
    filter_subjects: consumer.events.map(({ channel }) => channel),
  });
  return consumer;
}

function handlerOf(consumer: Consumer, handle: Handle): Type {
  @Controller()
  class Handler {
    @Subscribe(consumer, registryPushed)
    async handle(event: CloudEvent): Promise<void> {
      await handle(event);
    }
  }
  return Handler;
}

interface Service {
  letters: Letter[];
  stop(): Promise<void>;
}

/**
 * Starts a service with these handlers; `save` is called before a dead letter is stored, `store` as
 * the check of PostgreSQL.
 */
async function serve(
  handlers: Type[],
  save: () => Promise<void> = async () => undefined,
  store: () => Promise<undefined> = async () => undefined,
): Promise<Service> {
  const letters: Letter[] = [];
  class Letters implements DeadLetterSink {
    async save(letter: Letter): Promise<void> {
      await save();
      letters.push(letter);
    }
  }
  @Module({ providers: [Letters], exports: [Letters] })
  class LettersModule {}
  @Module({})
  class TestModule {}
  const letterBox = { module: LettersModule, global: true };
  const transport = BusModule.forRoot({
    service: 'test',
    server: { natsUrl: new Secret(servers.nats.url) },
    deadLetters: Letters,
  });
  const service = await startService({
    name: 'test',
    module: { module: TestModule, imports: [letterBox, transport], controllers: handlers },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
    configure: (app) => app.get(Health).add('postgres', store),
    transport: JetStreamServer,
  });
  running.push(service);
  return { letters, stop: async () => service.stop() };
}

function pushed(number = 1): CloudEvent {
  const id = `01985a4e-6c3a-7d43-8a5b-${String(++serial).padStart(12, '0')}`;
  const data = { pushId: id, connection: 'main', repository: `app-${number}`, tag: '1', digest: null };
  return {
    specversion: '1.0',
    id,
    source: '/tidewaiter/ingest',
    type: registryPushed.type,
    subject: `app-${number}:1`,
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data,
  };
}

async function publish(event = pushed()): Promise<CloudEvent> {
  await bus.publish(registryPushed.channel, event, event.id);
  return event;
}

async function publishMany(count: number): Promise<string[]> {
  const events = Array.from({ length: count }, (_, index) => pushed(index));
  await Promise.all(events.map(publish));
  return events.map(({ id }) => id);
}

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 60_000) throw new Error('it did not happen within a minute');
    await sleep(10);
  }
}

/** Whether no message is pending, delivered or not. */
async function isSettled({ stream, name }: Consumer): Promise<boolean> {
  const { num_ack_pending, num_pending } = await manager.consumers.info(stream, name);
  return num_ack_pending === 0 && num_pending === 0;
}

describe('Bus message', () => {
  it('is acked after its handler returns', async () => {
    const consumer = await testConsumer();
    const handled: CloudEvent[] = [];
    const { letters } = await serve([handlerOf(consumer, async (event) => void handled.push(event))]);
    const event = await publish();
    await until(() => handled.length > 0);
    expect(handled).toEqual([event]);
    await sleep(50);
    expect(await isSettled(consumer)).toBe(true);
    expect(letters).toEqual([]);
  });

  it('is redelivered after a pause when its handler threw, and becomes a dead letter with the last error', async () => {
    const consumer = await testConsumer({ maxAttempts: 2 });
    let pauseMs = 0;
    let lastAt = performance.now();
    let tries = 0;
    const handle = async () => {
      pauseMs = performance.now() - lastAt;
      lastAt = performance.now();
      throw new Unavailable('REGISTRY_UNAVAILABLE', `no answer, try ${++tries}`);
    };
    const { letters } = await serve([handlerOf(consumer, handle)]);
    const event = await publish();
    await until(() => letters.length > 0);
    expect(pauseMs).toBeGreaterThan(900);
    const kept = { code: 'REGISTRY_UNAVAILABLE', reason: 'no answer, try 2', attempts: 2, eventId: event.id };
    expect(letters).toEqual([expect.objectContaining({ ...kept, consumer: consumer.name, subject: 'app-1:1' })]);
    expect(letters.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()))).toEqual([event]);
    await sleep(50);
    expect(await isSettled(consumer)).toBe(true);
  });

  it('becomes a dead letter at once when a retry cannot help', async () => {
    const consumer = await testConsumer();
    const handle = async () => Promise.reject(new InvalidInput('NEVER', 'not like this'));
    const { letters } = await serve([handlerOf(consumer, handle)]);
    await publish();
    await until(() => letters.length > 0);
    expect(letters[0]).toMatchObject({ code: 'NEVER', reason: 'not like this', attempts: 1 });
  });

  it.each([
    ['is not JSON', '{', 'EVENT_MALFORMED'],
    ['is no event that we know', JSON.stringify({ ...pushed(), type: 'dev.tidewaiter.x.y.v1' }), 'EVENT_UNKNOWN'],
    ['lacks what its schema wants', JSON.stringify({ ...pushed(), data: {} }), 'EVENT_MALFORMED'],
    [
      'is another event than its subject says',
      JSON.stringify({
        ...pushed(),
        type: registryDeleted.type,
        data: { connection: 'main', repository: 'a', tag: null, digest: null, deletedBy: null, at: null },
      }),
      'EVENT_MALFORMED',
    ],
  ])('becomes a dead letter at once when it %s', async (_, payload, code) => {
    const consumer = await testConsumer();
    const handled: CloudEvent[] = [];
    const { letters } = await serve([handlerOf(consumer, async (event) => void handled.push(event))]);
    await jetstream(bus.connection).publish(registryPushed.channel, payload);
    await until(() => letters.length > 0);
    expect(letters[0]).toMatchObject({ code, eventId: null, attempts: 1, subject: registryPushed.channel });
    expect(handled).toEqual([]);
  });

  it('survives an outage of the store without becoming a dead letter', async () => {
    const consumer = await testConsumer({ maxAttempts: 1 });
    let calls = 0;
    const handle = async () => {
      if (++calls < 3) throw new Unavailable('STORE_UNAVAILABLE', 'away');
    };
    const { letters } = await serve([handlerOf(consumer, handle)]);
    await publish();
    await until(() => calls === 3);
    await sleep(50);
    expect(await isSettled(consumer)).toBe(true);
    expect(letters).toEqual([]);
    expect((await manager.consumers.info(consumer.stream, consumer.name)).delivered.consumer_seq).toBe(2);
  });

  it.each([
    ['the store is away', new Unavailable('STORE_UNAVAILABLE', 'away')],
    ['there is a bug', new Error('bug')],
  ])(
    'is not acked while its dead letter cannot be stored: %s',
    async (_, problem) => {
      const consumer = await testConsumer();
      let saves = 0;
      const save = async () => {
        if (++saves === 1) throw problem;
      };
      const handle = async () => Promise.reject(new InvalidInput('NEVER', 'not like this'));
      const { letters } = await serve([handlerOf(consumer, handle)], save);
      await publish();
      await until(() => letters.length > 0);
      expect(letters[0]).toMatchObject({ code: 'NEVER' });
    },
    20_000,
  );

  it('becomes a dead letter without a call after too many unanswered deliveries', async () => {
    const consumer = await testConsumer({ maxAttempts: 1, ackWaitMs: 1_000 });
    await publish();
    // Simulates a process that the message kills.
    const dying = await jetstream(bus.connection).consumers.get(consumer.stream, consumer.name);
    for (let deliveries = 0; deliveries < 2; deliveries++) await dying.next({ expires: 5_000 });
    const handled: CloudEvent[] = [];
    const { letters } = await serve([handlerOf(consumer, async (event) => void handled.push(event))]);
    await until(() => letters.length > 0);
    expect(letters[0]).toMatchObject({ code: 'INTERNAL', attempts: 3 });
    expect(handled).toEqual([]);
  });

  it('is not redelivered while its handler runs', async () => {
    const consumer = await testConsumer({ ackWaitMs: 1_000 });
    const handled: string[] = [];
    const handle: Handle = async ({ id }) => {
      handled.push(id);
      await sleep(3_500);
    };
    await serve([handlerOf(consumer, handle)]);
    await publish();
    await sleep(4_000);
    expect(handled).toHaveLength(1);
    expect(await isSettled(consumer)).toBe(true);
  });
});

describe('Bus replicas', () => {
  it('share the messages without duplicates', async () => {
    const consumer = await testConsumer();
    const handled: [string[], string[]] = [[], []];
    for (const mine of handled) {
      const handle: Handle = async ({ id }) => {
        mine.push(id);
        await sleep(5);
      };
      await serve([handlerOf(consumer, handle)]);
    }
    const ids = await publishMany(200);
    await until(() => handled.flat().length >= ids.length);
    await sleep(100);
    expect(handled.flat().toSorted()).toEqual(ids.toSorted());
    expect(Math.min(...handled.map(({ length }) => length))).toBeGreaterThan(20);
  });

  it.each([
    ['refuses', async () => Promise.reject(new Unavailable('STORE_UNAVAILABLE', 'away'))],
    ['hangs', async () => new Promise<never>(() => undefined)],
  ])('leave the messages to others while the store of one of them %s', async (_, ask) => {
    const consumer = await testConsumer({ maxAttempts: 3 });
    const handled = new Set<string>();
    let isAway = true;
    let asked = 0;
    const cutOff = async (event: CloudEvent) => {
      asked += 1;
      if (isAway) await ask();
      handled.add(event.id);
    };
    await serve([handlerOf(consumer, cutOff)], undefined, async () => (isAway ? ask() : undefined));
    const { letters } = await serve([handlerOf(consumer, async (event) => void handled.add(event.id))]);
    const first = await publishMany(10);
    await until(() => first.every((id) => handled.has(id)));
    const before = asked;
    const second = await publishMany(10);
    await until(() => second.every((id) => handled.has(id)));
    // The replica that is cut off fetched nothing more.
    expect(asked).toBe(before);
    isAway = false;
    expect(letters).toEqual([]);
  });

  it('fetch only as many messages as they can handle at once', async () => {
    const consumer = await testConsumer({ concurrency: 3 });
    const open = Promise.withResolvers<void>();
    let begun = 0;
    const wait = async () => {
      begun++;
      await open.promise;
    };
    await serve([handlerOf(consumer, wait)]);
    await publishMany(10);
    await until(() => begun === 3);
    await sleep(200);
    expect(begun).toBe(3);
    expect((await manager.consumers.info(consumer.stream, consumer.name)).num_ack_pending).toBe(3);
    const others: string[] = [];
    await serve([handlerOf(consumer, async ({ id }) => void others.push(id))]);
    await until(() => others.length === 7);
    open.resolve();
  });

  it('give every consumer of an event its own copy', async () => {
    const counts = new Map<string, number>();
    const countingHandler = async () => {
      const consumer = await testConsumer();
      return handlerOf(consumer, async () => void counts.set(consumer.name, (counts.get(consumer.name) ?? 0) + 1));
    };
    await serve([await countingHandler(), await countingHandler()]);
    await publish();
    await until(() => counts.size === 2);
    await sleep(100);
    expect([...counts.values()]).toEqual([1, 1]);
  });
});

describe('Bus service', () => {
  it('finishes running handlers when it stops, and fetches no more', async () => {
    const consumer = await testConsumer({ concurrency: 2 });
    const ended: string[] = [];
    let begun = 0;
    const handle: Handle = async ({ id }) => {
      begun++;
      await sleep(500);
      ended.push(id);
    };
    const service = await serve([handlerOf(consumer, handle)]);
    await publishMany(6);
    await until(() => begun === 2);
    await service.stop();
    expect([begun, ended.length]).toEqual([2, 2]);
    const others: string[] = [];
    await serve([handlerOf(consumer, async ({ id }) => void others.push(id))]);
    await until(() => others.length === 4);
    expect(others).not.toEqual(expect.arrayContaining(ended));
  });

  it('does not start if an event has no handler or two', async () => {
    const twoEvents = await testConsumer({ events: [registryPushed, registryDeleted] });
    const ignore = async () => undefined;
    await expect(serve([handlerOf(twoEvents, ignore)])).rejects.toThrow(/no handler for tidewaiter\.registry\.deleted/);
    const one = await testConsumer();
    await expect(serve([handlerOf(one, ignore), handlerOf(one, ignore)])).rejects.toThrow(/two handlers/);
  });
});

describe('Bus, when NATS', () => {
  it('is killed under load, handles everything soon after', async () => {
    const consumer = await testConsumer({ ackWaitMs: 2_000 });
    const handled = new Set<string>();
    const handle: Handle = async ({ id }) => {
      await sleep(2);
      handled.add(id);
    };
    const { letters } = await serve([handlerOf(consumer, handle)]);
    const published: string[] = [];
    const load = new AbortController();
    const publishing = (async () => {
      while (!load.signal.aborted) {
        // Like the outbox relay, publishes a refused event again under the same id.
        const event = pushed();
        while (!(await publish(event).catch(() => undefined))) await sleep(100);
        published.push(event.id);
      }
    })();
    await until(() => published.length > 100);
    await servers.nats.kill();
    await sleep(3_000);
    await servers.nats.restart();
    const before = handled.size;
    await until(() => handled.size > before + 50);
    load.abort();
    await publishing;
    await until(() => published.every((id) => handled.has(id)));
    expect(letters).toEqual([]);
  });

  it('has too little disk for a stream, says how much it needs', async () => {
    for (const { name } of streams) await manager.streams.delete(name);
    const fillers: string[] = [];
    // Streams reserve their size: these leave less than one of ours takes.
    for (let size = 2 ** 50; size >= 2 ** 28; size /= 2) {
      const filler = { name: `filler-${size}`, subjects: [`filler.${size}`], max_bytes: size };
      if (await manager.streams.add(filler).catch(() => undefined)) fillers.push(filler.name);
    }
    await expect(bus.reconcile()).rejects.toMatchObject({
      code: 'BUS_STORAGE_FULL',
      message: expect.stringMatching(/it needs 1024 MiB for the stream \S+$/),
    });
    for (const name of fillers) await manager.streams.delete(name);
    await bus.reconcile();
  });

  it('gets a stream from another service while it makes it, takes that one', async () => {
    for (const { name } of streams) await manager.streams.delete(name);
    const add = manager.streams.add.bind(manager.streams);
    const spy = jest.spyOn(manager.streams, 'add').mockImplementation(async (config) => {
      await bus.reconcile();
      return add(config);
    });
    await reconcileTopology(manager, { runtimeStreamBytes: 2 ** 28 });
    expect(spy).toHaveBeenCalled();
    spy.mockRestore();
    const { config } = await manager.streams.info(runtimeStream);
    expect(config).toMatchObject({ max_bytes: 2 ** 28, metadata: { [lifeKey]: expect.any(String) } });
  });

  it('loses all data, recreates streams and consumers', async () => {
    const handled: string[] = [];
    const handle: Handle = async ({ id }) => void handled.push(id);
    // This one is part of the topology.
    const consumer: Consumer = { ...consumers.scanner, events: [registryPushed] };
    await serve([handlerOf(consumer, handle)]);
    const first = await publish();
    await until(() => handled.includes(first.id));
    await servers.nats.wipe();
    const second = pushed();
    while (!(await publish(second).catch(() => undefined))) await sleep(50);
    await until(() => handled.includes(second.id));
  });

  it('is prepared by several services at once, creates everything once', async () => {
    await servers.nats.wipe();
    const connect = async () => Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
    const buses = await Promise.all([connect(), connect(), connect(), connect()]);
    const managers = await Promise.all(buses.map(async ({ connection }) => jetstreamManager(connection)));
    const seen = await Promise.all(managers.map(async ({ consumers }) => consumers.info('TIDEWAITER', 'notifier')));
    await Promise.all(buses.map(async (each) => each.onApplicationShutdown()));
    const subjects = consumers.notifier.events.map(({ channel }) => channel);
    expect(seen.map(({ config }) => config.filter_subjects)).toEqual(buses.map(() => subjects));
  });
});
