import { ApiTokens } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

let api: TestConsole;
let viewer: string;

async function call(method: string, path: string, { token, body }: { token?: string; body?: object } = {}) {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: {
      'user-agent': 'tidewaiter-test',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, string>;
  return { status: response.status, body: answer };
}

const begin = async () => (await call('POST', 'device-logins')).body;
const poll = async (deviceCode = '') => (await call('POST', 'device-logins/result', { body: { deviceCode } })).body;

beforeAll(async () => {
  api = await startConsole(start, { environment: { TIDEWAITER_CONSOLE_URL: 'https://console.example.com/' } });
  viewer = await api.tokenOf('ann', 'viewer');
});

afterAll(async () => api.stop());

describe('the sign-in of a command line', () => {
  it('gives the session of who approved it, once', async () => {
    const { deviceCode, userCode, url } = await begin();
    expect(userCode).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
    expect(url).toBe(`https://console.example.com/device?code=${userCode}`);
    expect(await poll(deviceCode)).toEqual({ state: 'pending', token: null, expiresAt: null });
    expect((await call('GET', `device-logins/${userCode}`, { token: viewer })).body).toMatchObject({
      userAgent: 'tidewaiter-test',
      address: expect.stringContaining('127.0.0.1'),
    });
    const typed = userCode!.toLowerCase().replace('-', '');
    expect((await call('POST', `device-logins/${typed}/approve`, { token: viewer })).status).toBe(204);
    const { state, token } = await poll(deviceCode);
    expect(state).toBe('approved');
    expect((await call('GET', 'me', { token: token! })).body).toMatchObject({ name: 'ann', role: 'viewer' });
    expect(await poll(deviceCode)).toMatchObject({ state: 'over', token: null });
  });

  it('is over with the token that approved it, and when it signs out', async () => {
    const made = await api.tokenOf('bob', 'viewer');
    const signIn = async () => {
      const { deviceCode, userCode } = await begin();
      await call('POST', `device-logins/${userCode}/approve`, { token: made });
      return (await poll(deviceCode)).token!;
    };
    const [first, second] = [await signIn(), await signIn()];
    expect((await call('DELETE', 'session', { token: first })).status).toBe(200);
    expect((await call('GET', 'me', { token: first })).status).toBe(401);
    expect((await call('GET', 'me', { token: second })).status).toBe(200);
    await new ApiTokens(api.store).revoke('bob');
    expect((await call('GET', 'me', { token: second })).status).toBe(401);
  });

  it('needs a signed-in user, and refuses for good', async () => {
    const { deviceCode, userCode } = await begin();
    expect((await call('POST', `device-logins/${userCode}/approve`)).status).toBe(401);
    expect((await call('GET', `device-logins/${userCode}`)).status).toBe(401);
    expect((await call('POST', `device-logins/${userCode}/refuse`, { token: viewer })).status).toBe(204);
    expect(await poll(deviceCode)).toMatchObject({ state: 'over' });
    expect((await call('POST', `device-logins/${userCode}/approve`, { token: viewer })).body).toMatchObject({
      code: 'DEVICE_LOGIN_OVER',
    });
  });

  it('is approved by one user only, and not after ten minutes', async () => {
    const { deviceCode, userCode } = await begin();
    await call('POST', `device-logins/${userCode}/approve`, { token: viewer });
    expect((await call('POST', `device-logins/${userCode}/approve`, { token: viewer })).status).toBe(404);
    await api.store.query(`UPDATE device_login SET expires_at = now() - interval '1 second'`);
    expect(await poll(deviceCode)).toMatchObject({ state: 'over' });
    const late = await begin();
    await api.store.query(`UPDATE device_login SET expires_at = now() - interval '1 second'`);
    expect((await call('POST', `device-logins/${late['userCode']}/approve`, { token: viewer })).status).toBe(404);
  });

  it.each([
    ['an unknown code', 'BCDF-GHJK'],
    ['a code that is none', '%27%20OR%201%3D1'],
  ])('does not know %s', async (_what, code) => {
    expect((await call('GET', `device-logins/${code}`, { token: viewer })).status).toBe(404);
    expect(await poll(code)).toMatchObject({ state: 'over' });
  });

  it('gives a command line no token of another one', async () => {
    const [mine, other] = [await begin(), await begin()];
    await call('POST', `device-logins/${other['userCode']}/approve`, { token: viewer });
    expect(await poll(mine['deviceCode'])).toMatchObject({ state: 'pending' });
  });
});
