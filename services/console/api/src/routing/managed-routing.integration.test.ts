import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

const routing = (receiver: string) => `route:
  receiver: ${receiver}
  routes: [{ matchers: [severity = "low"], receiver: quiet }]
receivers: [{ name: quiet }, { name: ${receiver}, slack_configs: [{ api_url_file: slack, channel: '#alerts' }] }]
`;

let api: TestConsole;
let token: string;

beforeAll(async () => {
  api = await startConsole(start);
  token = await api.tokenOf('ann', 'admin');
});

afterAll(async () => api.stop());

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: object }> {
  const answer = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as object };
}

describe('the managed routing', () => {
  it('is replaced as a whole, deleted and brought back', async () => {
    expect((await call('GET', 'routes')).body).toMatchObject({ text: null, version: null, state: 'none' });
    const first = await call('PUT', 'routes', { text: routing('team'), comment: 'first' });
    expect(first).toMatchObject({ status: 200, body: { version: 1, author: 'ann', state: 'active' } });
    const again = await call('PUT', 'routes', { text: routing('other') });
    expect(again).toMatchObject({ status: 409, body: { code: 'ENTRY_EXISTS' } });
    expect((await call('PUT', 'routes', { text: routing('other'), version: 1 })).body).toMatchObject({ version: 2 });
    expect((await call('DELETE', 'routes?version=2')).body).toMatchObject({ version: 3, state: 'none' });
    expect((await call('GET', 'routes')).body).toMatchObject({ text: null });
    expect((await call('POST', 'routes/undo', { version: 3, to: 1 })).body).toMatchObject({ version: 4 });
    expect((await call('GET', 'routes')).body).toMatchObject({
      text: routing('team'),
      version: 4,
      comment: 'version 1 again',
    });
    expect((await call('GET', 'routes/versions')).body).toMatchObject({
      items: [{ version: 4 }, { version: 3, isDeleted: true }, { version: 2 }, { version: 1, comment: 'first' }],
    });
  });

  it.each([
    [
      'a secret in the text',
      routing('team').replace('api_url_file: slack', "api_url: 'https://chat.example.com/x'"),
      'api_url',
    ],
    [
      'a secret of a header',
      routing('team').replace("'#alerts'", "'#a', http_config: { http_headers: { X-Key: { secrets: [s3cret] } } }"),
      'http_headers["X-Key"].secrets: may be a secret',
    ],
    [
      'a value of a header',
      routing('team').replace("'#alerts'", "'#a', http_config: { http_headers: { X-Key: { values: [s3cret] } } }"),
      'http_headers["X-Key"].values: may be a secret',
    ],
    ['a text that was shown without its secrets', routing('team').replace('#alerts', '[redacted]'), '[redacted]'],
    ['an unknown receiver', 'route: { receiver: none }\nreceivers: []\n', 'none'],
    ['no map', 'x', 'expected a map'],
  ])('refuses %s', async (_, text, problem) => {
    expect(await call('PUT', 'routes', { text, version: 4 })).toMatchObject({
      status: 400,
      body: { code: 'ROUTING_INVALID', title: expect.stringContaining(problem) },
    });
    const { body } = await call('POST', 'routes/validate', { text });
    expect(body).toMatchObject({ isValid: false, problems: [expect.stringContaining(problem)] });
  });

  it('is not saved without a text', async () => {
    expect(await call('PUT', 'routes', {})).toMatchObject({ status: 400, body: { title: 'text: is missing' } });
  });

  it('is overridden by the file of a notifier, before and after it is saved', async () => {
    const overridden = async () => ((await call('GET', 'status')).body as { overridden: string[] }).overridden;
    await api.store.query(
      `INSERT INTO service_configuration (service, instance, loaded_at, seen_at, overridden)
       VALUES ('notifier', 'host/1', now(), now(), '{routing}')`,
    );
    expect((await call('DELETE', 'routes?version=4')).body).toMatchObject({ text: null, state: 'overridden' });
    expect((await call('GET', 'routes')).body).toMatchObject({ text: null, state: 'overridden' });
    expect(await overridden()).toEqual([]);
    expect((await call('PUT', 'routes', { text: routing('team') })).body).toMatchObject({
      version: 6,
      state: 'overridden',
    });
    expect((await call('POST', 'routes/undo', { version: 6, to: 1 })).body).toMatchObject({ state: 'overridden' });
    expect(await overridden()).toEqual(['routing']);
    await api.store.query('DELETE FROM service_configuration');
    expect((await call('GET', 'routes')).body).toMatchObject({ version: 7, state: 'active' });
  });

  it('is shown with the files of notifiers in its place, one for those that read the same', async () => {
    await api.store.query(
      `INSERT INTO service_configuration (service, instance, loaded_at, seen_at, routing)
       SELECT 'notifier', 'host/' || n, now() + n * interval '1 second', now() - n * interval '16 seconds', text
       FROM (VALUES (1, 'old'), (2, 'new'), (3, 'old'), (4, 'gone')) process (n, text)`,
    );
    const readAt = expect.any(String) as string;
    // The row of the fourth is older than a minute: it runs no longer.
    expect((await call('GET', 'routes')).body).toMatchObject({
      files: [
        { text: 'old', readAt, instances: ['host/1', 'host/3'] },
        { text: 'new', readAt, instances: ['host/2'] },
      ],
    });
    await api.store.query('DELETE FROM service_configuration');
    expect((await call('GET', 'routes')).body).toMatchObject({ files: [] });
  });

  it('is shown to viewers and in the audit log without comments and secrets', async () => {
    const text = routing('team').replace(
      "channel: '#alerts'",
      "channel: '#alerts', icon_url: 'https://a.example/?s3cret'",
    );
    const [{ version }] = (await api.store.query<{ version: number }>(
      "SELECT max(version)::int AS version FROM managed_entry WHERE kind = 'routing'",
    )) as [{ version: number }];
    const saved = await call('PUT', 'routes', { text: `# s3cret\n${text}`, version });
    expect(saved).toMatchObject({ status: 200, body: { isRedacted: false, text: `# s3cret\n${text}` } });
    const shown = expect.stringMatching(/receiver: team[^]*\[redacted\]/) as string;
    const asAdmin = token;
    token = await api.tokenOf('viv', 'viewer');
    const seen = await Promise.all(['routes', 'routes/versions'].map(async (path) => (await call('GET', path)).body));
    token = asAdmin;
    seen.push((await call('GET', 'audit')).body);
    expect(seen[0]).toMatchObject({ isRedacted: true, text: shown });
    expect(seen[1]).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ text: shown })]) as object,
    });
    const [entry] = (seen[2] as { items: object[] }).items;
    expect(entry).toMatchObject({ action: 'entry.changed', details: { after: { document: { text: shown } } } });
    expect(JSON.stringify(seen)).not.toContain('s3cret');
  });

  it('is shown without secrets that an earlier release accepted, also to administrators', async () => {
    const text = routing('team').replace(
      "channel: '#alerts'",
      "channel: '#alerts', http_config: { http_headers: { X-Key: { values: [s3cret] } } }",
    );
    await api.store.query(
      "UPDATE managed_entry SET document = jsonb_build_object('text', $1::text) WHERE kind = 'routing' AND NOT is_deleted",
      [text],
    );
    const seen = await Promise.all(['routes', 'routes/versions'].map(async (path) => (await call('GET', path)).body));
    expect(seen[0]).toMatchObject({
      isRedacted: true,
      receivers: ['team'],
      text: expect.stringContaining('[redacted]'),
    });
    expect(JSON.stringify(seen)).not.toContain('s3cret');
  });

  it('is tested with labels', async () => {
    const { body } = await call('POST', 'routes/test', { text: routing('team'), labels: { severity: 'low' } });
    expect(body).toMatchObject({ items: [{ receiver: 'quiet', route: 'route.routes[0]' }] });
    expect((await call('POST', 'routes/validate', { text: routing('team') })).body).toEqual({
      isValid: true,
      problems: [],
      ignored: [],
    });
  });
});
