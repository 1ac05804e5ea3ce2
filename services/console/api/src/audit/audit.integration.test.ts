import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { ApiTokens, auditActions, connect, Incidents, Store } from '@tidewaiter/store';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';

import { controllers } from '../console.module.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let service: RunningService;
let token: string;
let store: Store;
let stop: () => Promise<void>;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  const databaseUrl = await servers.postgres.createDatabase();
  service = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  stop = async () => dataSource.destroy();
  token = (await new ApiTokens(store).make('ann', 'admin', null)).reveal();
});

afterAll(async () => {
  await stop();
  await service.stop();
  await servers.stop();
});

async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${service.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, unknown>);
}

describe('the audit log', () => {
  it('names an action for every method that a viewer may not call and that changes something', () => {
    const changing = apiMethods(controllers).filter(
      ({ method, operation }) => method !== 'get' && !['none', 'gate', 'viewer'].includes(operation!.role),
    );
    const unnamed = changing.filter(({ operation }) => operation!.action === undefined);
    expect(unnamed.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    // Also those of methods that every caller may call, such as the approval of a sign-in.
    const named = apiMethods(controllers).flatMap(({ operation }) => operation?.action ?? []);
    expect(new Set(named)).toEqual(new Set(auditActions));
  });

  it('shows who changed what, and that nothing was altered', async () => {
    const incident = minerIncident({ id: uuidOf('audited') });
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
    await call('POST', `incidents/${incident.id}/acknowledge`);
    const silence = { matchers: ['severity="low"'], endsAt: '2099-01-01T00:00:00Z', comment: 'known' };
    await call('POST', 'silences', silence);
    await call('POST', `silences/preview`, { matchers: ['severity="low"'] });
    await call('POST', `incidents/${uuidOf('unknown')}/resolve`, { reason: 'benign' });
    const account = await call('POST', 'service-accounts', { name: 'ci', role: 'gate' });
    await call('DELETE', `service-accounts/${String(account['id'])}`);
    const { items } = (await call('GET', 'audit?sort=number')) as { items: Record<string, unknown>[] };
    expect(items).toMatchObject([
      { number: 1, actor: 'ann', action: 'incident.acknowledged', subject: incident.id, address: '127.0.0.1' },
      { number: 2, actor: 'ann', action: 'silence.created', details: { comment: 'known' } },
      { number: 3, action: 'incident.resolved', subject: uuidOf('unknown'), details: { reason: 'benign' } },
      { number: 4, action: 'service-account.created', details: { name: 'ci', role: 'gate' } },
      { number: 5, action: 'service-account.deleted', subject: account['id'] },
    ]);
    const verified = { entries: 5, brokenAt: null, head: items[4]!['hash'] };
    expect(await call('GET', 'audit/verification')).toEqual(verified);
    await store.query(`UPDATE audit_entry SET actor = 'bob' WHERE number = 2`);
    expect(await call('GET', 'audit/verification')).toMatchObject({ entries: 1, brokenAt: 2 });
  });
});
