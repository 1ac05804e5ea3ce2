import { Deliveries, type NewDelivery, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from '../main.js';

let api: TestConsole;
let store: Store;
let deliveries: Deliveries;
let authorization: string;

beforeAll(async () => {
  api = await startConsole(start);
  store = api.store;
  authorization = `Bearer ${await api.tokenOf('bootstrap', 'admin')}`;
  deliveries = new Deliveries(store);
});

afterAll(async () => api.stop());

const call = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const made = async (more: Partial<NewDelivery<unknown>> = {}): Promise<string> => {
  const delivery = {
    eventId: uuidv7(),
    cause: ['push', uuidv7()] as const,
    receiver: 'team',
    channel: 'slack',
    integration: 0,
    route: 'route',
    groupKey: '{}',
    groupLabels: {},
    alerts: [],
    message: { title: 'High', summary: 'It is so.' },
    edition: null,
    ...more,
  };
  const [id = ''] = await store.transaction((tx) => deliveries.add(tx, [delivery]));
  return id;
};
const givenUp = async (more: Partial<NewDelivery<unknown>> = {}): Promise<string> => {
  const id = await made(more);
  await store.transaction((tx) => deliveries.failed(tx, id, 18, 'SLACK_REFUSED', 'Slack answered is_archived'));
  return id;
};
const accepted = async (more: Partial<NewDelivery<unknown>> = {}): Promise<string> => {
  const id = await made(more);
  await store.transaction((tx) => deliveries.sent(tx, [{ id, reference: 'ref', note: null }]));
  return id;
};

describe('deliveries', () => {
  it('shows the health of channels', async () => {
    await accepted({ channel: 'email' });
    await givenUp();
    expect((await call('GET', 'receivers')).body).toMatchObject({
      items: [
        { receiver: 'team', channel: 'email', state: 'healthy', sent: 1, failed: 0, since: null, lastFailure: null },
        {
          channel: 'slack',
          state: 'broken',
          since: expect.any(String),
          failed: 1,
          lastFailure: { code: 'SLACK_REFUSED' },
        },
      ],
    });
  });

  it('lists deliveries by filter', async () => {
    const incident = uuidv7();
    const id = await givenUp({ receiver: 'other', edition: { subject: incident, revision: 1 } });
    for (const query of [
      'receiver=other',
      `incident=${incident}`,
      'receiver=other&state=failed&since=2020-01-01T00:00:00Z',
    ])
      expect((await call('GET', `deliveries?${query}`)).body).toMatchObject({ items: [{ id }], next: null });
    for (const query of ['receiver=other&state=fallen-back', `push=${uuidv7()}`, 'since=2099-01-01T00:00:00Z'])
      expect((await call('GET', `deliveries?${query}`)).body).toMatchObject({ items: [] });
  });

  it('retries a failed delivery once and records the caller', async () => {
    const id = await givenUp({ receiver: 'one' });
    const redrive = async () => call('POST', `deliveries/${id}/redrive`);
    expect(await redrive()).toEqual({ status: 202, body: { id, outcome: 'redriven' } });
    expect(await redrive()).toEqual({ status: 202, body: { id, outcome: 'under-way' } });
    expect((await call('GET', `deliveries/${id}`)).body).toMatchObject({
      state: 'pending',
      steps: [
        { kind: 'made' },
        { kind: 'given-up', attempt: 18, code: 'SLACK_REFUSED' },
        { kind: 'redriven', by: 'bootstrap' },
      ],
      derived: [],
    });
  });

  it('repeats an accepted message only on request, and marks the repetition', async () => {
    const id = await accepted({ receiver: 'two' });
    expect((await call('POST', `deliveries/${id}/redrive`, {})).body).toEqual({ id, outcome: 'accepted' });
    const again = await call('POST', `deliveries/${id}/redrive`, { again: true });
    expect(again).toMatchObject({ status: 202, body: { outcome: 'repeated' } });
    expect((await call('GET', `deliveries/${again.body['id'] as string}`)).body).toMatchObject({
      origin: { kind: 'repetition', id },
      message: { summary: 'Sent again, as bootstrap asked. It is so.' },
    });
  });

  it('retries all failed deliveries of a receiver', async () => {
    await givenUp({ receiver: 'three' });
    await givenUp({ receiver: 'three' });
    await accepted({ receiver: 'three' });
    const redrive = async () => call('POST', 'deliveries/redrive', { receiver: 'three', state: 'failed' });
    expect(await redrive()).toEqual({ status: 202, body: { redriven: 2, isMore: false } });
    expect(await redrive()).toEqual({ status: 202, body: { redriven: 0, isMore: false } });
  });

  it.each([
    ['POST', 'deliveries/redrive', {}, 400, 'INPUT_INVALID'],
    ['POST', 'deliveries/redrive', { receiver: 'team', state: 'sent' }, 400, 'INPUT_INVALID'],
    ['POST', `deliveries/${uuidv7()}/redrive`, {}, 404, 'DELIVERY_UNKNOWN'],
    ['POST', 'deliveries/x/redrive', {}, 400, 'ID_INVALID'],
    ['GET', 'deliveries?state=lost', undefined, 400, 'INPUT_INVALID'],
    ['GET', 'deliveries?since=yesterday', undefined, 400, 'INPUT_INVALID'],
  ])('refuses %s %s %j', async (method, path, body, status, code) => {
    expect(await call(method, path, body)).toMatchObject({ status, body: { code } });
  });
});
