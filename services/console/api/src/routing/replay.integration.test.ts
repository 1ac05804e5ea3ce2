import { type Alert } from '@tidewaiter/domain';
import { AlertHistory } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from '../main.js';
import { replayAnswer } from './replay-schemas.js';

let api: TestConsole;
let token: string;

beforeAll(async () => {
  api = await startConsole(start);
  const { store } = api;
  token = await api.tokenOf('bootstrap', 'admin');
  const alert: Alert = {
    identity: 'a',
    labels: { rule: 'a', new: 'true' },
    annotations: {},
    status: 'firing',
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: null,
  };
  await store.transaction((tx) => new AlertHistory(store).add(tx, { eventId: uuidv7(), alerts: [alert], state: null }));
});

afterAll(async () => api.stop());

const replay = async (body: object, authorization = `Bearer ${token}`) => {
  const answer = await fetch(`${api.url}/api/v1/routes/replay`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const routing = `
route: { receiver: team }
receivers: [ { name: team, slack_configs: [ { api_url_file: /etc/hostname } ], webhook_configs: [ { url_file: nowhere, signing_secret_file: nowhere } ] } ]
`;
const since = new Date(Date.now() - 3_600_000).toISOString();

describe('routes replay', () => {
  it('counts the messages of a routing.yaml, and reads no file that it names', async () => {
    const until = new Date(Date.now() + 1_000).toISOString();
    const { status, body } = await replay({ routing, since, until });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      history: { events: 1, alerts: 1, isWhole: false },
      would: { messages: 2, receivers: [{ receiver: 'team', channels: { slack: 1, webhook: 1 } }] },
      sent: [],
    });
    const dates = { ...body, since: new Date(since), until: new Date(until) };
    expect(replayAnswer.omit({ history: true }).safeParse(dates).success).toBe(true);
    expect((await replay({ routing, since, receiver: 'other' })).body).toMatchObject({ would: { messages: 0 } });
  });

  it.each([
    [{ routing: 'route: { receiver: missing }', since }, 'ROUTING_INVALID'],
    [{ routing }, 'INPUT_INVALID'],
    [{ routing, since: 'yesterday' }, 'INPUT_INVALID'],
    [{ routing, since: '2020-01-01T00:00:00Z' }, 'REPLAY_TIME_INVALID'],
    [{ routing, since, until: '2020-01-01T00:00:00Z' }, 'REPLAY_TIME_INVALID'],
    [{ routing: 'x'.repeat(1_048_577), since }, 'INPUT_INVALID'],
  ])('refuses %#', async (body, code) => {
    expect(await replay(body)).toMatchObject({ status: 400, body: { code } });
  });

  it('requires a token', async () => {
    expect((await replay({ routing, since }, 'Bearer x')).status).toBe(401);
  });
});
