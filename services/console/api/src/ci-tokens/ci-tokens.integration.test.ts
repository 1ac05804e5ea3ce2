import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

import { start } from '../main.js';

const issuer = 'https://token.actions.githubusercontent.com';
const audience = 'https://tidewaiter.example.com';
const settings = `
access:
  ci:
    - name: shop-main
      kind: github
      audience: ${audience}
      claims: { repository: shop/*, ref: refs/heads/main }
      role: viewer
      repositories: [shop/*]
      lifetime: 10m
      keysFile: jwks.json
    - name: shop
      kind: github
      audience: ${audience}
      claims: { repository: shop/* }
      repositories: [shop/*]
      keysFile: jwks.json
`;

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

let api: TestConsole;
let pair: Pair;
let stranger: Pair;

const now = () => Math.floor(Date.now() / 1000);
const jobToken = async (claims: JWTPayload = {}, key = pair): Promise<string> =>
  new SignJWT({
    ...{ iss: issuer, aud: audience, iat: now(), exp: now() + 300 },
    ...{ repository: 'shop/cart', ref: 'refs/heads/main', event_name: 'push' },
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .sign(key.privateKey);

async function exchange(body: object): Promise<{ status: number; answer: Record<string, string> }> {
  const response = await fetch(`${api.url}/api/v1/ci-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, string> };
}

const status = async (path: string, token: string, init: RequestInit = {}) =>
  (
    await fetch(`${api.url}/api/v1/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
  ).status;

beforeAll(async () => {
  [pair, stranger] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  const key = { ...(await exportJWK(pair.publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' };
  api = await startConsole(start, {
    files: { 'tidewaiter.yaml': settings, 'jwks.json': JSON.stringify({ keys: [key] }) },
  });
});

afterAll(async () => api.stop());

describe('tokens for jobs of a CI', () => {
  it('have role, limits and lifetime of the first entry that accepts the job', async () => {
    const { status: answered, answer } = await exchange({ token: await jobToken() });
    expect(answered).toBe(200);
    expect(answer).toMatchObject({ name: 'shop-main', role: 'viewer', token: expect.stringMatching(/^tide_/) });
    const minutes = (Date.parse(answer['expiresAt']!) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(9);
    expect(minutes).toBeLessThanOrEqual(10);
    expect(await status('images', answer['token']!)).toBe(200);
    expect(
      await api.store.query(`SELECT actor, action, details FROM audit_entry WHERE action = 'ci-token.issued'`),
    ).toMatchObject([
      {
        ...{ actor: 'ci:shop-main', action: 'ci-token.issued' },
        details: { before: null, after: { account: 'ci:shop-main', role: 'viewer' } },
      },
    ]);
    // A limited account may not see what cannot be limited, and a viewer changes nothing.
    expect(await status('status', answer['token']!)).toBe(403);
    expect(await status('service-accounts', answer['token']!, { method: 'POST', body: '{"name":"x"}' })).toBe(403);
  });

  it('ask gates only, unless the entry gives another role', async () => {
    const { answer } = await exchange({ token: await jobToken({ ref: 'refs/heads/feature' }) });
    expect(answer).toMatchObject({ name: 'shop', role: 'gate' });
    expect(await status('images', answer['token']!)).toBe(403);
    const asked = { method: 'POST', body: '{"image":"r.example.com/shop/cart:1"}' };
    expect(await status('gate', answer['token']!, asked)).toBe(404);
  });

  it('are refused after their lifetime', async () => {
    const { answer } = await exchange({ token: await jobToken() });
    await api.store.query(`UPDATE api_token SET expires_at = now() - interval '1 second'`);
    expect(await status('images', answer['token']!)).toBe(401);
  });

  it('are forgotten a day after they are over', async () => {
    await api.store.query(`UPDATE api_token SET expires_at = now() - interval '2 days'`);
    await exchange({ token: await jobToken() });
    expect(
      await api.store.query(`SELECT count(*)::int AS tokens FROM api_token WHERE name LIKE 'ci:shop-main %'`),
    ).toEqual([{ tokens: 1 }]);
  });

  it.each([
    ['of another repository', async () => jobToken({ repository: 'other/cart' })],
    ['for another audience', async () => jobToken({ aud: 'https://elsewhere.example.com' })],
    ['of another issuer', async () => jobToken({ iss: 'https://issuer.example.com' })],
    ['that is over', async () => jobToken({ exp: now() - 60 })],
    ['signed by a stranger', async () => jobToken({}, stranger)],
    ['of a pull request', async () => jobToken({ event_name: 'pull_request' })],
    ['that is none', async () => 'not.a.token'],
    ['without a signature', async () => (await jobToken()).replace(/[^.]*$/, '')],
    ['whose claims are no object', async () => `e30.${Buffer.from('null').toString('base64url')}.AA`],
  ])('are not given for a token %s', async (_what, token) => {
    expect(await exchange({ token: await token() })).toMatchObject({
      status: 403,
      answer: { code: 'CI_TOKEN_INVALID' },
    });
    expect(
      await api.store.query(`SELECT actor, details FROM audit_entry WHERE action = 'ci-token.refused' LIMIT 1`),
    ).toMatchObject([{ actor: 'anonymous', details: { request: { code: 'CI_TOKEN_INVALID' } } }]);
  });

  it('limit failed attempts from an address', async () => {
    const attempts: number[] = [];
    for (let nth = 0; nth < 40; nth += 1) attempts.push((await exchange({ token: 'none' })).status);
    expect(attempts).toContain(429);
    expect((await exchange({ token: await jobToken() })).status).toBe(200);
  });
});
