import { AccessDenied, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import {
  type HttpProxy,
  httpProxy,
  httpSink,
  type HttpSink,
  startHttpServer,
  testAuthority,
  webhookSink,
} from '@tidewaiter/testkit';

import { postJson } from './http-channel.js';
import { type HttpConfig, type OAuth2, plainHttp } from './http-config.js';
import { OutcomeUnknown, type OutgoingMessage } from './sender.js';
import { plainTls } from './tls-config.js';

let channel: HttpSink;
let proxy: HttpProxy;
let egress: Egress;

beforeEach(async () => {
  [channel, proxy] = await Promise.all([webhookSink(), httpProxy()]);
  egress = new Egress({ allow: [] }, async () => [{ address: '127.0.0.1', family: 4 }]);
});
afterEach(async () => {
  await egress.close();
  await Promise.all([channel.stop(), proxy.stop()]);
});

async function postTo(http: Partial<HttpConfig>, url = channel.url): Promise<unknown> {
  const request = { name: 'Webhook', url, body: {}, http: { ...plainHttp, ...http }, timeoutMs: 0 };
  return postJson(request, { id: 'd1' } as OutgoingMessage, { egress, signal: new AbortController().signal });
}

const failureOf = async (attempt: Promise<unknown>): Promise<unknown> => attempt.catch((reason: unknown) => reason);

it('sends headers, and none in the place of our own', async () => {
  await postTo({
    headers: [
      ['X-Scope', new Secret('team-a')],
      ['Content-Type', new Secret('text/plain')],
    ],
  });
  expect(channel.received[0]?.headers).toMatchObject({ 'x-scope': 'team-a', 'content-type': 'application/json' });
});

describe('a proxy', () => {
  const through = (more = {}): Partial<HttpConfig> => {
    const server = { url: proxy.url, user: { name: 'u', password: new Secret('p') } };
    return { proxy: { http: server, https: server, noProxy: [], headers: [], ...more } };
  };
  const named = () => channel.url.replace('127.0.0.1', 'hooks.example.com');

  it('takes the message on, and learns who we are', async () => {
    await postTo(through(), named());
    expect(channel.received).toHaveLength(1);
    expect(proxy.asked).toMatchObject([{ what: `POST ${named()}/`, headers: { 'proxy-authorization': 'Basic dTpw' } }]);
    expect(channel.received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('is bypassed for the hosts of no_proxy, and on this machine', async () => {
    await postTo(through());
    expect(await failureOf(postTo(through({ noProxy: ['example.com'] }), named()))).toMatchObject({
      code: 'EGRESS_REFUSED',
    });
    expect(proxy.asked).toEqual([]);
  });

  it('that refuses leaves nothing in doubt', async () => {
    proxy.refuse(407);
    const error = await failureOf(postTo(through(), named()));
    expect(error).toMatchObject({ code: 'EGRESS_PROXY' });
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
  });
});

describe('TLS', () => {
  const { ca, server, client } = testAuthority;

  it('verifies the channel by its authority, and presents the client certificate', async () => {
    const served = await startHttpServer((_request, response) => void response.end(), {
      ...server,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const url = `https://127.0.0.1:${served.port}/`;
    const whole = { ...plainTls, ca, client: { ...client, key: new Secret(client.key) }, serverName: 'origin.test' };
    expect(await postTo({ tls: whole }, url)).toMatchObject({ outcome: 'sent' });
    expect(await failureOf(postTo({}, url))).toMatchObject({ code: 'EGRESS_UNTRUSTED' });
    expect(await failureOf(postTo({ tls: { ...whole, serverName: 'elsewhere.test' } }, url))).toMatchObject({
      code: 'EGRESS_UNTRUSTED',
    });
    await served.stop();
  });
});

describe('OAuth 2', () => {
  let tokens: HttpSink;
  let issued = 0;
  beforeEach(async () => {
    issued = 0;
    tokens = await httpSink(() => {
      issued += 1;
      return { status: 200, body: { access_token: `t${issued}`, token_type: 'Bearer', expires_in: 3600 } };
    });
  });
  afterEach(async () => tokens.stop());

  const oauth = (): OAuth2 => ({
    type: 'oauth2',
    clientId: 'tide waiter',
    clientSecret: new Secret('s:cret'),
    tokenUrl: `${tokens.url}/token`,
    scopes: ['a', 'b'],
    parameters: [['audience', 'x']],
    tls: undefined,
    proxy: undefined,
  });

  it('fetches a token once for many messages', async () => {
    const auth = oauth();
    await postTo({ auth });
    await postTo({ auth });
    expect(channel.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t1']);
    const [asked] = tokens.received;
    expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('tide+waiter:s%3Acret').toString('base64')}`);
    expect(asked?.text).toBe('grant_type=client_credentials&scope=a+b&audience=x');
  });

  it('fetches another one before the first ends', async () => {
    tokens.next({ status: 200, body: { access_token: 'short', token_type: 'bearer', expires_in: 10 } });
    const auth = oauth();
    await postTo({ auth });
    await postTo({ auth });
    expect(channel.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer short', 'Bearer t1']);
  });

  it('sends the secret in the body where the server requires it', async () => {
    tokens.next({ status: 401, body: { error: 'invalid_client' } });
    await postTo({ auth: oauth() });
    expect(tokens.received[1]?.text).toContain('client_id=tide+waiter&client_secret=s%3Acret');
    expect(tokens.received[1]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    [[{ status: 401 }, { status: 401 }], AccessDenied, 'OAUTH_DENIED'],
    [[{ status: 503 }], Unavailable, 'OAUTH_UNAVAILABLE'],
    [['drop'], Unavailable, 'OAUTH_UNAVAILABLE'],
    [[{ status: 200, body: 'a login page' }], Error, 'OAUTH_REFUSED'],
    [[{ status: 200, body: { access_token: 'a\r\nb', token_type: 'bearer' } }], Error, 'OAUTH_REFUSED'],
  ] as const)('sends nothing after %j, and reports that', async (answers, kind, code) => {
    tokens.next(...answers);
    const error = await failureOf(postTo({ auth: oauth() }));
    expect(error).toBeInstanceOf(kind);
    expect(error).not.toBeInstanceOf(OutcomeUnknown);
    expect(error).toMatchObject({ code });
    expect(channel.received).toEqual([]);
  });
});
