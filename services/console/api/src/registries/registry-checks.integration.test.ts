import {
  entryKeyOfTests,
  startConsole,
  startHttpServer,
  type TestConsole,
  type TestHttpServer,
} from '@tidewaiter/testkit';

import { start } from '../main.js';

const password = 'pull-secret-of-main';
const basic = `Basic ${Buffer.from(`scanner:${password}`).toString('base64')}`;

let api: TestConsole;
let registry: TestHttpServer;
let elsewhere: TestHttpServer;
const received: (string | undefined)[] = [];
const tokens: Record<string, string> = {};

interface Answer {
  status: number;
  body: { code?: string; title?: string; [more: string]: unknown };
}

async function call(path: string, body: object = {}, role = 'maintainer'): Promise<Answer> {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(text).not.toContain(password);
  return { status: response.status, body: JSON.parse(text) as Answer['body'] };
}

beforeAll(async () => {
  registry = await startHttpServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization !== basic) response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    // Answers with what it was sent, as a hostile registry may.
    else response.end(JSON.stringify({ repositories: [authorization, password], tags: [password] }));
  });
  elsewhere = await startHttpServer((request, response) => {
    received.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
  });
  const url = `http://127.0.0.1:${registry.port}`;
  const settings = `registries:
  - { name: main, kind: harbor, url: '${url}', allowPrivate: true, webhookSecret: s, credentials: { username: scanner, password: ${password} } }
  - { name: closed, kind: harbor, url: '${url}', webhookSecret: s }
  - { name: filed, kind: harbor, url: '${url}', allowPrivate: true, webhookSecret: s, credentials: { username: scanner, passwordFile: password } }
management: { allowPrivate: true }
`;
  api = await startConsole(start, { environment: entryKeyOfTests, files: { 'tidewaiter.yaml': settings, password } });
  for (const role of ['viewer', 'maintainer', 'admin'] as const) tokens[role] = await api.tokenOf(role, role);
});

afterAll(async () => {
  await api.stop();
  await Promise.all([registry.stop(), elsewhere.stop()]);
});

describe('the check of a registry', () => {
  it('signs in with the credentials of tidewaiter.yaml, and says in sentences what works', async () => {
    const { status, body } = await call('registries/main/check', { repository: 'shop/app' });
    expect([status, body]).toMatchObject([
      200,
      {
        ...{ name: 'main', isUsable: true },
        text: expect.stringMatching(
          /^127\.0\.0\.1:\d+ answers and accepts the credentials\. It lists 2 repositories\./,
        ),
        steps: [
          { step: 'connection', state: 'passed' },
          { step: 'authentication', state: 'passed' },
          { step: 'catalog', state: 'passed', listed: 2 },
          { step: 'tags', state: 'passed', listed: 1 },
        ],
      },
    ]);
  });

  it('keeps to the network policy, and names what it cannot read', async () => {
    expect(await call('registries/closed/check')).toMatchObject({
      body: { isUsable: false, text: expect.stringContaining('EGRESS_REFUSED') },
    });
    expect(await call('registries/filed/check')).toMatchObject({
      status: 400,
      body: { code: 'REGISTRY_SECRET_UNREAD' },
    });
    expect(await call('registries/none/check')).toMatchObject({ status: 404, body: { code: 'ENTRY_UNKNOWN' } });
  });

  it('uses the stored secrets of a managed registry, and sends them to no other address', async () => {
    const at = ({ port }: TestHttpServer) => `http://127.0.0.1:${port}`;
    const document = {
      ...{ name: 'hub', kind: 'harbor', url: at(registry), allowPrivate: true, webhookSecret: 'hook' },
      credentials: { username: 'scanner', password },
    };
    expect(await call('registries/check', { document })).toMatchObject({ status: 200, body: { isUsable: true } });
    expect(await call('registries', { document })).toMatchObject({ status: 200 });
    expect(await call('registries/hub/check')).toMatchObject({ body: { isUsable: true } });
    const { webhookSecret: _, ...kept } = { ...document, credentials: { username: 'scanner' } };
    expect(await call('registries/check', { document: kept })).toMatchObject({ body: { isUsable: true } });
    expect(await call('registries/check', { document: { ...kept, url: at(elsewhere) } })).toMatchObject({
      status: 400,
      body: { code: 'ENTRY_SECRET_MISSING' },
    });
    expect(received).toEqual([]);
    const wrong = { ...document, credentials: { username: 'scanner', password: 'wrong' } };
    expect(await call('registries/check', { document: wrong })).toMatchObject({
      body: { isUsable: false, text: expect.stringContaining('refuses the credentials: REGISTRY_UNAUTHORIZED') },
    });
  });

  it('is for maintainers, and recorded without its values', async () => {
    expect(await call('registries/main/check', {}, 'viewer')).toMatchObject({ body: { code: 'ROLE_MISSING' } });
    const answer = await fetch(`${api.url}/api/v1/audit?q=action%3Dregistry.checked&sort=number`, {
      headers: { authorization: `Bearer ${tokens['admin']}` },
    });
    const text = await answer.text();
    expect(text).not.toContain(password);
    expect((JSON.parse(text) as { items: object[] }).items[0]).toMatchObject({ subject: 'main', actor: 'maintainer' });
  });
});
