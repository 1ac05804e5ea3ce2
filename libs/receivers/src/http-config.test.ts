import { InvalidInput, type Secret } from '@tidewaiter/domain';
import { parseRouting } from '@tidewaiter/routing';

import { type HttpConfig, plainHttp } from './http-config.js';
import { channelReaders } from './receivers.js';
import type { WebhookConfig } from './webhook/config.js';

const files = new Map([
  ['/ca.pem', 'CA'],
  ['/cert.pem', 'CERT'],
  ['/key.pem', 'KEY\n'],
  ['/token', 'from a file\n'],
]);
const environment = {
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  http_proxy: 'http://u:p%40@plain.example.com:8080/',
  no_proxy: 'example.org,10.0.0.0/8',
};

/** How a webhook is called with this `http_config`, or with that of `global`. */
function read(own: string, global = '{}'): HttpConfig {
  const text = `global: ${global}\nroute: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://a/'${own && `, http_config: ${own}`}}]}]\n`;
  const config = parseRouting(text, {
    channels: channelReaders,
    readFile: (path) => files.get(path) ?? '',
    environment,
  });
  const [integration] = config.receivers.get('a')?.integrations ?? [];
  return (integration?.config as WebhookConfig | undefined)?.http ?? plainHttp;
}

function problemsOf(own: string, global?: string): string {
  try {
    read(own, global);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  return '';
}

const reveal = (pairs: [string, Secret][] = []) => pairs.map(([name, value]) => [name, value.reveal()]);

describe('plainHttp', () => {
  it.each<[string, object]>([
    ['', plainHttp],
    ['{follow_redirects: false, enable_http2: true}', plainHttp],
    ['{bearer_token_file: /token}', { auth: { type: 'authorization', scheme: 'Bearer' } }],
    ['{basic_auth: {username_file: /token, password: p}}', { auth: { type: 'basic', username: 'from a file' } }],
    [
      '{oauth2: {client_id: c, client_secret: s, token_url: "https://id.example.com/token", scopes: [a, b], endpoint_params: {audience: x}, tls_config: {insecure_skip_verify: true}}}',
      {
        auth: {
          type: 'oauth2',
          clientId: 'c',
          tokenUrl: 'https://id.example.com/token',
          scopes: ['a', 'b'],
          parameters: [['audience', 'x']],
          tls: { insecureSkipVerify: true },
          proxy: undefined,
        },
        tls: undefined,
      },
    ],
    [
      '{tls_config: {ca_file: /ca.pem, cert_file: /cert.pem, key_file: /key.pem, server_name: n, min_version: TLS13}}',
      {
        tls: {
          ca: 'CA',
          client: { certificate: 'CERT' },
          serverName: 'n',
          insecureSkipVerify: false,
          minVersion: 'TLSv1.3',
          maxVersion: undefined,
        },
      },
    ],
    [
      '{proxy_url: "https://u:p@proxy.example.com:3128/", no_proxy: "a,b", proxy_connect_header: {X-Team: [a, b]}}',
      {
        proxy: {
          http: { url: 'https://proxy.example.com:3128', user: { name: 'u' } },
          https: { url: 'https://proxy.example.com:3128' },
          noProxy: ['a', 'b'],
        },
      },
    ],
    [
      '{proxy_from_environment: true}',
      {
        proxy: {
          http: { url: 'http://plain.example.com:8080', user: { name: 'u' } },
          https: { url: 'http://proxy.example.com:3128', user: undefined },
          noProxy: ['example.org', '10.0.0.0/8'],
        },
      },
    ],
  ])('reads %s', (own, expected) => {
    expect(read(own)).toMatchObject(expected);
  });

  it('takes headers from values, secrets and files', () => {
    const { headers } = read(
      '{http_headers: {X-Scope: {values: [a], secrets: [b], files: [/token]}, X-Two: {values: [c]}}}',
    );
    expect(reveal(headers)).toEqual([
      ['X-Scope', 'a, b, from a file'],
      ['X-Two', 'c'],
    ]);
  });

  it('keeps a stray percent sign', () => {
    expect(read('{proxy_from_environment: true}').proxy?.http?.user?.password.reveal()).toBe('p@');
    expect(read('{proxy_url: "http://u:100%@proxy.example.com"}').proxy?.http?.user?.password.reveal()).toBe('100%');
  });

  it('takes that of global where a receiver has none, and nothing of it where it has', () => {
    const global = '{http_config: {proxy_url: "http://proxy.example.com"}}';
    expect(read('', global).proxy?.http?.url).toBe('http://proxy.example.com');
    expect(read('{tls_config: {ca_file: /ca.pem}}', global).proxy).toBeUndefined();
  });

  it.each([
    ['{follow_redirects: true}', 'http_config.follow_redirects: is not done'],
    [
      '{proxy_url: "socks5://proxy.example.com"}',
      'http_config.proxy_url: expected the address of an http or https proxy',
    ],
    ['{proxy_from_environment: true, proxy_url: "http://p"}', 'proxy_from_environment: and proxy_url or no_proxy'],
    ['{no_proxy: a}', 'no_proxy: needs a proxy_url'],
    ['{tls_config: {cert_file: /cert.pem}}', 'tls_config.key_file: is required with cert_file'],
    ['{tls_config: {key_file: /key.pem}}', 'tls_config.cert_file: is required with key_file'],
    ['{tls_config: {ca: x, ca_file: /ca.pem}}', 'tls_config.ca: and ca_file are both given'],
    ['{tls_config: {min_version: TLS10}}', 'tls_config.min_version: expected TLS12 or TLS13'],
    ['{tls_config: {ca_ref: x}}', 'not supported: receivers[0].webhook_configs[0].http_config.tls_config.ca_ref'],
    ['{http_headers: {Content-Type: {values: [x]}}}', 'http_headers["Content-Type"]: is not yours to set'],
    ['{http_headers: {"a b": {values: [x]}}}', 'http_headers["a b"]: has characters that the name'],
    ['{http_headers: {a: {values: ["x\\r\\nHost: y"]}}}', 'http_headers.a: has characters that a header cannot carry'],
    ['{http_headers: {a: {}}}', 'http_headers.a: has no value'],
    ['{http_headers: {a: {values: [x]}, A: {values: [y]}}}', 'http_headers: two names differ in case only'],
    ['{oauth2: {}}', 'oauth2.token_url: is required'],
    ['{oauth2: {grant_type: x}}', 'not supported: receivers[0].webhook_configs[0].http_config.oauth2.grant_type'],
    ['{basic_auth: {username: u, password: p}, bearer_token: t}', 'exclude each other'],
    ['{proxy: x}', 'unknown key: receivers[0].webhook_configs[0].http_config.proxy'],
  ])('refuses %s', (own, problem) => {
    expect(problemsOf(own)).toContain(problem);
  });

  it.each([
    'authorization: {credentials: x}',
    'basic_auth: {username: u, password: p}',
    'http_headers: {a: {values: [x]}}',
  ])('refuses %s in global, which every channel would get', (key) => {
    expect(problemsOf('', `{http_config: {${key}}}`)).toContain('would go to every channel; give it to a receiver');
  });
});
