import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { incidentResolved } from '@tidewaiter/events';
import { SilenceLedger } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from '../main.js';

let api: TestConsole;
let bus: Bus;
let token: string;
const streams: AbortController[] = [];

beforeAll(async () => {
  api = await startConsole(start);
  token = await api.tokenOf('test', 'viewer');
  bus = await Bus.connect('test', { natsUrl: new Secret(api.servers.nats.url) });
});

afterAll(async () => {
  for (const stream of streams) stream.abort();
  await bus.onApplicationShutdown();
  await api.stop();
});

/** Opens the stream; returns what it has sent so far. */
async function open(headers: Record<string, string> = {}): Promise<() => string> {
  const stream = new AbortController();
  streams.push(stream);
  const answer = await fetch(`${api.url}/api/v1/stream`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: stream.signal,
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  let text = '';
  const read = async () => {
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  };
  void read().catch(() => undefined);
  return () => text;
}

/** Publishes that an incident was resolved; returns the ids of the event and of the incident. */
async function publish(): Promise<{ id: string; incidentId: string }> {
  const [id, incidentId] = [uuidv7(), uuidv7()];
  await bus.publish(
    incidentResolved.channel,
    {
      ...{ specversion: '1.0', id, source: '/tidewaiter/test', type: incidentResolved.type, subject: incidentId },
      ...{ time: new Date().toISOString(), datacontenttype: 'application/json' },
      data: { incidentId, revision: 2, severity: 'low' },
    },
    id,
  );
  return { id, incidentId };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !isSo(); await sleep(20))
    if (Date.now() > deadline) throw new Error(`no ${what}`);
}

describe('the event stream', () => {
  it('sends every client what is published, once', async () => {
    const clients = await Promise.all([open(), open()]);
    const { id, incidentId } = await publish();
    for (const sent of clients) {
      await until('the event', () => sent().includes(id));
      expect(sent()).toContain(`id: ${id}\nevent: incident.resolved\ndata: {"subject":"${incidentId}"`);
    }
  });

  it('continues after the last event that a client has', async () => {
    const first = (await publish()).id;
    const watching = await open();
    const second = (await publish()).id;
    await until('the second event', () => watching().includes(second));
    const again = await open({ 'last-event-id': first });
    await until('the second event again', () => again().includes(second));
    expect(again()).not.toContain(`id: ${first}`);
    expect(again()).not.toContain('reset');
  });

  it('asks a client to read its page again if it has missed events', async () => {
    const sent = await open({ 'last-event-id': uuidv7() });
    await until('the reset', () => sent().includes('id: \nevent: reset\n'));
  });

  it('reports lists that change without an event, once for all that is written of a moment', async () => {
    const sent = await open();
    const silences = new SilenceLedger(api.store);
    // Changes count from the first look after the connection on.
    for (const deadline = Date.now() + 30_000; !sent().includes('{"subject":"silences"') && Date.now() < deadline;) {
      await api.store.transaction(async (tx) =>
        silences.add(tx, {
          ...{ matchers: ['severity="low"'], createdBy: 'ann', comment: 'test' },
          ...{ startsAt: new Date(), endsAt: new Date(Date.now() + 60_000) },
        }),
      );
      await sleep(1_000);
    }
    expect(sent()).toMatch(/\n\nevent: list\.changed\ndata: \{"subject":"silences","time"/);
  });

  it('resets its clients when NATS was away', async () => {
    const sent = await open();
    await api.servers.nats.kill();
    await until('reset', () => sent().includes('event: reset'));
    await api.servers.nats.restart();
  });

  it('forgets a thousand clients that leave before their token is checked', async () => {
    const { port } = new URL(api.url);
    const request = `GET /api/v1/stream HTTP/1.1\r\nhost: test\r\nauthorization: Bearer ${token}\r\n\r\n`;
    for (let visit = 0; visit < 1_100; visit += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(request, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    const sent = await open();
    await until('the beginning', () => sent().startsWith('retry: '));
  });

  it('refuses clients without a token', async () => {
    expect((await fetch(`${api.url}/api/v1/stream`)).status).toBe(401);
  });

  it('ends its streams when the service stops', async () => {
    const sent = await open();
    await until('the beginning', () => sent().startsWith('retry: '));
    await api.stopService();
    await expect(fetch(`${api.url}/livez`)).rejects.toThrow();
  });
});
