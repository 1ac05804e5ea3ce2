import { Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

interface Answer {
  status: number;
  body: { id?: string; bytes?: number; items?: object[]; tables?: { table: string; bytes: number }[] };
}

describe('storage and removals', () => {
  let api: TestConsole;
  let store: Store;
  let token: string;

  beforeAll(async () => {
    api = await startConsole(start, { environment: { TIDEWAITER_RETENTION_MESSAGES: '7d' } });
    store = api.store;
    token = await api.tokenOf('ada', 'admin');
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, claimed_digests, first_seen, last_seen) VALUES ('a', 'stage', '{}', now(), now())`,
    );
  });

  afterAll(async () => api.stop());

  async function call(path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${api.url}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  it('show the size of each table with its configured rule', async () => {
    const { status, body } = await call('storage');
    expect(status).toBe(200);
    const delivery = body.tables?.find(({ table }) => table === 'delivery');
    expect(delivery).toMatchObject({
      kind: 'messages',
      due: 0,
      rule: { days: 7, variable: 'TIDEWAITER_RETENTION_MESSAGES', text: '7 days after created_at' },
    });
    expect(body.bytes).toBeGreaterThan(delivery!.bytes);
  });

  it('count, order and list a deletion, which the audit log has', async () => {
    const target = { kind: 'cluster', name: 'stage' };
    const { body: preview } = await call('removals/preview', target);
    expect(preview).toMatchObject({ deleted: { containers: 1 }, kept: { 'open incidents': 0 } });
    expect((await call('removals')).body).toEqual({ items: [], next: null });
    const { status, body: ordered } = await call('removals', target);
    expect([status, ordered]).toMatchObject([202, { ...target, connection: null, state: 'waiting' }]);
    expect((await call('removals')).body.items).toMatchObject([{ id: ordered.id }]);
    const { body: audit } = await call('audit?q=action%3Dremoval.requested');
    expect(audit.items).toMatchObject([
      { actor: 'ada', subject: 'cluster stage', details: { before: { deleted: { containers: 1 } } } },
    ]);
  });

  it.each([
    ['a cluster that is not known', { kind: 'cluster', name: 'none' }, 404],
    ['a repository without a registry', { kind: 'repository', name: 'shop/app' }, 400],
    ['another kind', { kind: 'image', name: 'x' }, 400],
  ])('refuse %s', async (_, target, status) => {
    expect((await call('removals', target)).status).toBe(status);
  });
});
