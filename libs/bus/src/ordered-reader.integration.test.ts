import { setTimeout as sleep } from 'node:timers/promises';

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { Secret } from '@tidewaiter/domain';
import { type CloudEvent, runtimeChannel, runtimeObserved } from '@tidewaiter/events';
import { createLogger } from '@tidewaiter/runtime';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { Bus } from './connection.js';
import { OrderedReader, type StreamMessage } from './ordered-reader.js';
import type { StreamPlace } from './stream-place.js';

const stream = 'TIDEWAITER_RUNTIME';
const subject = runtimeChannel(3);

let servers: ThrowAwayServers<{ nats: true }>;
let bus: Bus;
let manager: JetStreamManager;
let running: { reader: OrderedReader; ended: Promise<void> }[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ nats: true });
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  manager = await jetstreamManager(bus.connection);
});

afterEach(async () => {
  for (const { reader } of running) reader.stop();
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await manager.streams.purge(stream);
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await servers.stop();
});

let serial = 0;

async function publish(channel = subject, data: unknown = null): Promise<number> {
  serial += 1;
  const event: CloudEvent = {
    specversion: '1.0',
    id: `01985a4e-6c3a-7d43-8a5b-${String(serial).padStart(12, '0')}`,
    source: '/tidewaiter/ingest',
    type: runtimeObserved.type,
    subject: String(serial),
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data,
  };
  await bus.publish(channel, event, event.id);
  return serial;
}

async function publishMany(count: number): Promise<number[]> {
  const numbers = [];
  for (let index = 0; index < count; index += 1) numbers.push(await publish());
  return numbers;
}

/**
 * Reads from a place on; `taken` has the numbers of the messages in the order in which they came.
 */
function read(from: StreamPlace | null, take: (message: StreamMessage) => Promise<void> = async () => undefined) {
  const taken: number[] = [];
  let place = from;
  const reader = new OrderedReader(
    bus,
    {
      stream,
      subject,
      place: () => place,
      take: async (message) => {
        await take(message);
        taken.push(Number((JSON.parse(Buffer.from(message.data).toString()) as CloudEvent).subject));
        place = message.place;
      },
    },
    createLogger('test', 'silent'),
  );
  running.push({ reader, ended: reader.run() });
  return { reader, taken, place: () => place };
}

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 60_000) throw new Error('it did not happen within a minute');
    await sleep(10);
  }
}

describe('OrderedReader', () => {
  it('delivers existing and new messages of its subject in order', async () => {
    const before = await publishMany(20);
    await publish(runtimeChannel(4));
    const { reader, taken } = read(null);
    await until(() => taken.length === 20 && reader.isCurrent);
    const after = await publishMany(300);
    await until(() => taken.length === 320);
    expect(taken).toEqual([...before, ...after]);
  });

  it('continues after its position', async () => {
    const numbers = await publishMany(5);
    const first = read(null);
    await until(() => first.taken.length === 5);
    const places: StreamPlace[] = [];
    const second = read({ ...first.place()!, sequence: first.place()!.sequence - 2 }, async ({ place }) => {
      places.push(place);
    });
    await until(() => second.taken.length === 2);
    expect(second.taken).toEqual(numbers.slice(3));
    expect(places.at(-1)).toEqual(first.place());
  });

  it('reads everything of a stream that was restored from a copy before its position', async () => {
    const numbers = await publishMany(3);
    const first = read(null);
    await until(() => first.taken.length === 3);
    const { taken } = read({ ...first.place()!, sequence: first.place()!.sequence + 100 });
    await until(() => taken.length === 3);
    expect(taken).toEqual(numbers);
  });

  it('waits for its consumer', async () => {
    await publishMany(3);
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    const { reader, taken } = read(null, async () => {
      asked += 1;
      await gate.promise;
    });
    await until(() => asked === 1);
    await sleep(50);
    expect([asked, reader.isCurrent]).toEqual([1, false]);
    gate.resolve();
    await until(() => taken.length === 3 && reader.isCurrent);
  });

  it('reports the same time for a message in every reading', async () => {
    await publish();
    const times: number[] = [];
    const note = async ({ storedAtMs }: StreamMessage) => void times.push(storedAtMs);
    const readers = [read(null, note), read(null, note)];
    await until(() => readers.every(({ taken }) => taken.length === 1));
    expect(times[0]).toBe(times[1]);
    expect(Math.abs(times[0]! - Date.now())).toBeLessThan(60_000);
  });

  it('purges messages that it has read, and no others', async () => {
    await publishMany(3);
    await publish(runtimeChannel(4));
    const { taken, place } = read(null);
    await until(() => taken.length === 3);
    await bus.forget(stream, subject, { ...place()!, life: 'another' });
    expect((await manager.streams.info(stream)).state.messages).toBe(4);
    await bus.forget(stream, subject, place()!);
    expect((await manager.streams.info(stream)).state.messages).toBe(1);
    const later = read(place());
    const next = await publish();
    await until(() => later.taken.length === 1);
    expect(later.taken).toEqual([next]);
  });

  it('continues after a restart of the server without a gap', async () => {
    const before = await publishMany(10);
    const { reader, taken } = read(null);
    await until(() => taken.length === 10);
    await servers.nats.kill();
    await until(() => !reader.isCurrent);
    await servers.nats.restart();
    const after: number[] = [];
    for (let tries = 0; after.length < 10 && tries < 300; tries += 1) {
      await publish().then(
        (number) => after.push(number),
        async () => sleep(100),
      );
    }
    await until(() => taken.length === 20);
    expect(taken).toEqual([...before, ...after]);
  }, 90_000);

  it('is current again after a loss between two fetches that its consumer outlived', async () => {
    const lose = jest.spyOn(bus, 'onLoss');
    const consumer = await bus.consumerAfter(stream, subject, null);
    const fetch = consumer.source.fetch.bind(consumer.source);
    const fetching = jest.spyOn(consumer.source, 'fetch').mockImplementationOnce(async (options) => {
      for (const [listener] of lose.mock.calls) listener();
      return fetch(options);
    });
    jest.spyOn(bus, 'consumerAfter').mockResolvedValueOnce(consumer);
    const { reader } = read(null);
    await until(() => fetching.mock.calls.length > 0);
    await until(() => reader.isCurrent);
    jest.restoreAllMocks();
  });

  it('starts from the beginning of a recreated stream', async () => {
    await publishMany(10);
    const old = read(null);
    await until(() => old.taken.length === 10);
    const place = old.place();
    old.reader.stop();
    await manager.streams.delete(stream);
    await bus.reconcile();
    const numbers = await publishMany(2);
    const { taken } = read(place);
    await until(() => taken.length === 2);
    expect(taken).toEqual(numbers);
  });

  it('is rejected by a full stream, which drops nothing', async () => {
    const { config } = await manager.streams.info(stream);
    await manager.streams.update(stream, { ...config, max_bytes: 4_096 });
    try {
      let accepted = 0;
      const fill = async () => {
        for (; accepted < 100; accepted += 1) await publish(subject, 'x'.repeat(500));
      };
      await expect(fill()).rejects.toMatchObject({ code: 'STREAM_FULL' });
      expect((await manager.streams.info(stream)).state.messages).toBe(accepted);
    } finally {
      await manager.streams.update(stream, config);
    }
  });

  it('notifies listeners', async () => {
    const heard: string[] = [];
    const forget = bus.onCall('alerts', () => heard.push('alerts'));
    bus.call('others');
    bus.call('alerts');
    await until(() => heard.length > 0);
    forget();
    bus.call('alerts');
    await bus.connection.flush();
    expect(heard).toEqual(['alerts']);
  });
});
