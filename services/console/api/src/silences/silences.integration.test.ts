import { AlertHistory, FiringAlerts, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from '../main.js';

let api: TestConsole;
let store: Store;
let authorization: string;

beforeAll(async () => {
  api = await startConsole(start);
  store = api.store;
  authorization = `Bearer ${await api.tokenOf('bootstrap', 'admin')}`;
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

const endsAt = '2099-01-01T00:00:00Z';

describe('silences', () => {
  it('is created, listed and ended', async () => {
    const silence = { matchers: ['severity="low"'], endsAt, comment: 'planned work' };
    const made = await call('POST', 'silences', silence);
    expect(made).toMatchObject({ status: 200, body: { matchers: ['severity="low"'], comment: 'planned work' } });
    const { id } = made.body as { id: string };
    expect(made.body['createdBy']).not.toBe('');
    expect((await call('GET', 'silences')).body).toMatchObject({ items: [{ id }], next: null });
    expect((await call('DELETE', `silences/${id}`)).status).toBe(200);
    // A lost answer is asked for again.
    expect((await call('DELETE', `silences/${id}`)).status).toBe(200);
    expect((await call('GET', 'silences')).body).toMatchObject({ items: [] });
    expect((await call('GET', 'silences?all=true')).body).toMatchObject({ items: [{ id }] });
  });

  it('is changed, ended and brought back, each as a version with its author', async () => {
    const silence = { matchers: ['severity="low"'], endsAt, comment: 'planned work' };
    const { id } = (await call('POST', 'silences', silence)).body as { id: string };
    const longer = { ...silence, comment: 'until May', version: 1, reason: 'the work takes longer' };
    expect(await call('PUT', `silences/${id}`, longer)).toMatchObject({ status: 200, body: { version: 2 } });
    // Another browser has the silence as it was.
    expect(await call('PUT', `silences/${id}`, longer)).toMatchObject({
      status: 409,
      body: { code: 'SILENCE_CHANGED' },
    });
    await call('DELETE', `silences/${id}?reason=done`);
    // An ending is undone, not changed.
    expect((await call('PUT', `silences/${id}`, { ...longer, version: 3 })).body).toMatchObject({
      code: 'SILENCE_OVER',
    });
    expect((await call('POST', `silences/${id}/undo`, { version: 3, to: 9 })).body).toMatchObject({
      code: 'SILENCE_VERSION_UNKNOWN',
    });
    expect((await call('POST', `silences/${id}/undo`, { version: 3 })).body).toMatchObject({
      ...{ version: 4, comment: 'until May', endsAt: '2099-01-01T00:00:00.000Z' },
    });
    expect((await call('GET', `silences/${id}`)).body).toMatchObject({ version: 4, comment: 'until May' });
    // The version that was the ending has no alerts to hold back.
    expect((await call('POST', `silences/${id}/undo`, { version: 4, to: 3 })).body).toMatchObject({
      code: 'SILENCE_OVER',
    });
    const author = expect.stringMatching(/./) as string;
    expect((await call('GET', `silences/${id}/versions`)).body).toMatchObject({
      items: [
        { version: 4, change: 'undone', author, reason: 'version 2 again', comment: 'until May' },
        { version: 3, change: 'ended', author, reason: 'done' },
        { version: 2, change: 'changed', author, reason: 'the work takes longer', comment: 'until May' },
        { version: 1, change: 'created', author, reason: null, comment: 'planned work' },
      ],
    });
    await call('DELETE', `silences/${id}`);
  });

  it('previews the alerts that it would suppress', async () => {
    const alert = (rule: string, severity: string) => ({
      identity: rule,
      labels: { rule, severity },
      annotations: {},
      status: 'firing' as const,
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: null,
    });
    await store.transaction((tx) => new FiringAlerts(store).record(tx, [alert('a', 'low'), alert('b', 'high')]));
    const past = async (rule: string, at: string) => {
      const eventId = uuidv7();
      const entry = { eventId, alerts: [alert(rule, 'low'), alert('b', 'high')], state: null as never };
      await store.transaction(async (tx) => new AlertHistory(store).add(tx, entry));
      await store.query(`UPDATE alert_history SET at = now() - $2::interval WHERE event_id = $1`, [eventId, at]);
    };
    await past('c', '1 day');
    await past('c', '2 days');
    await past('old', '8 days');
    expect((await call('POST', 'silences/preview', { matchers: ['severity=~"low|medium"'] })).body).toEqual({
      firing: 2,
      hidden: 1,
      alerts: [{ labels: { rule: 'a', severity: 'low' } }],
      // An alert that fired twice counts once.
      lastWeek: { fired: 2, hidden: 1 },
    });
  });

  it.each([
    [{ matchers: ['severity=~".*"'], endsAt, comment: 'x' }, 'MATCHER_INVALID'],
    [{ matchers: ['severity'], endsAt, comment: 'x' }, 'MATCHER_INVALID'],
    [{ matchers: ['a="b"'], endsAt: '2020-01-01T00:00:00Z', comment: 'x' }, 'SILENCE_OVER'],
    [{ matchers: ['a="b"'], endsAt }, 'INPUT_INVALID'],
    [{ matchers: [], endsAt, comment: 'x' }, 'INPUT_INVALID'],
  ])('refuses %j', async (body, code) => {
    expect(await call('POST', 'silences', body)).toMatchObject({ status: 400, body: { code } });
  });

  it('answers 404 for an unknown silence', async () => {
    const path = `silences/${uuidv7()}`;
    const change = { matchers: ['severity="low"'], endsAt, comment: 'x', version: 1 };
    for (const answer of [
      await call('GET', path),
      await call('GET', `${path}/versions`),
      await call('PUT', path, change),
      await call('DELETE', path),
      await call('POST', `${path}/undo`, { version: 1 }),
    ])
      expect(answer).toMatchObject({ status: 404, body: { code: 'SILENCE_UNKNOWN' } });
  });
});
