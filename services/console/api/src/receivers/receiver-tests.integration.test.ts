import { Deliveries, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

let api: TestConsole;
let store: Store;
let token: string;

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: never }> {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as never };
}

beforeAll(async () => {
  api = await startConsole(start);
  store = api.store;
  token = await api.tokenOf('ann', 'maintainer');
});

afterAll(async () => api.stop());

const routing = `
route: { receiver: team }
receivers:
  - name: team
    email_configs: [{ to: a@example.com, from: b@example.com, smarthost: 'mail.example.com:25' }]
    slack_configs: [{ api_url_file: slack, channel: '#security' }]
  - name: quiet
`;

describe('the test of a receiver', () => {
  it('sends a sample to each of its channels, on the way of all messages', async () => {
    expect(await call('PUT', 'routes', { text: routing })).toMatchObject({ status: 200 });
    const sent = await call('POST', 'receivers/team/test');
    expect(sent).toMatchObject({ status: 202, body: { deliveries: [expect.any(String), expect.any(String)] } });
    const ids = (sent.body as { deliveries: string[] }).deliveries;
    const stories = await Promise.all(ids.map(async (id) => new Deliveries(store).story(id)));
    expect(stories).toMatchObject([
      { channel: 'slack', integration: 0, receiver: 'team', state: 'pending', route: 'test' },
      {
        channel: 'email',
        message: { title: expect.stringMatching(/^Test: /), summary: expect.stringContaining('ann') },
      },
    ]);
    const jobs = await store.query<{ key: string }>("SELECT key FROM job WHERE queue = 'delivery' ORDER BY id");
    expect(jobs.map(({ key }) => key).toSorted()).toEqual(ids.toSorted());
  });

  it('sends another one each time, and follows a routing.yaml by its messages', async () => {
    const place = { channel: 'webhook', integration: 0, route: 'route', groupKey: '{}', groupLabels: {} };
    const id = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
    await store.transaction(async (tx) =>
      new Deliveries(store).add(tx, [
        { eventId: id, cause: ['push', id], receiver: 'of-file', ...place, alerts: [], message: {}, edition: null },
      ]),
    );
    const [first, second] = [
      await call('POST', 'receivers/of-file/test'),
      await call('POST', 'receivers/of-file/test'),
    ];
    expect(first).toMatchObject({ status: 202, body: { deliveries: [expect.any(String)] } });
    expect(second.body).not.toEqual(first.body);
  });

  it.each(['quiet', 'unknown'])('refuses the receiver %s, which has no channel', async (receiver) => {
    expect(await call('POST', `receivers/${receiver}/test`)).toMatchObject({
      status: 400,
      body: { code: 'RECEIVER_UNKNOWN' },
    });
  });
});
