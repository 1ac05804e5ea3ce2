import { checkManagedRouting, parseManagedRouting } from './managed-routing.js';

const routing = (channel: string) => `route: { receiver: team }\nreceivers:\n  - name: team\n    ${channel}\n`;

describe('parseManagedRouting', () => {
  it('reads secrets from named files alone', () => {
    const names: string[] = [];
    const text = routing('webhook_configs: [{ url_file: pager-url }]');
    parseManagedRouting(text, (name) => (names.push(name), 'https://pager.example.org/hook'));
    expect(names).toEqual(['pager-url']);
    expect(() => parseManagedRouting(text)).not.toThrow();
  });

  it.each([
    ['a secret in the text', `slack_configs: [{ api_url: 'https://chat.example.com/x', channel: '#a' }]`, 'api_url'],
    ['an address with a token', `webhook_configs: [{ url: 'https://pager.example.org/hook' }]`, 'url'],
    ['a path', 'webhook_configs: [{ url_file: /etc/shadow }]', 'url_file: the file cannot be read'],
    ['a path out of the folder', 'webhook_configs: [{ url_file: ../shadow }]', 'url_file'],
    ['a user in a URL', `webhook_configs: [{ url_file: a, http_config: { proxy_url: 'http://u:p@proxy' } }]`, 'user'],
  ])('refuses %s', (_, channel, problem) => {
    expect(() => parseManagedRouting(routing(channel), () => 'https://example.org/')).toThrow(problem);
  });

  it('does not take credentials from the environment', () => {
    const text = routing(`sns_configs: [{ topic_arn: 'arn:aws:sns:eu-central-1:123456789012:alerts' }]`);
    const environment = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_REGION: 'eu-central-1' };
    expect(() => parseManagedRouting(text, () => '', environment)).toThrow(
      'ROUTING_INVALID' in {} ? '' : /sigv4|access/i,
    );
  });
});

describe('checkManagedRouting', () => {
  const webhook = (more: string) => routing(`webhook_configs: [{ url_file: a, ${more} }]`);
  const oauth = (parameters: string) =>
    webhook(
      `http_config: { oauth2: { client_id: a, client_secret_file: b, token_url: 'https://a.example/token', endpoint_params: { ${parameters} } } }`,
    );

  it.each([
    ['a value of a header', webhook('http_config: { http_headers: { X-Api-Key: { values: [s3cret] } } }'), 'values'],
    ['a parameter without a known meaning', oauth('client_assertion: s3cret'), 'endpoint_params'],
    [
      'a text that was shown without its secrets',
      routing("slack_configs: [{ api_url_file: a, channel: '[redacted]' }]"),
      '[redacted]',
    ],
  ])('refuses %s', (_, text, problem) => {
    expect(() => checkManagedRouting(text)).toThrow(problem);
    // Earlier releases have saved such texts: their messages go on.
    expect(() => parseManagedRouting(text)).not.toThrow();
  });

  it('accepts headers from files, and parameters that name where a token is used', () => {
    expect(() =>
      checkManagedRouting(webhook('http_config: { http_headers: { X-Api-Key: { files: [key] } } }')),
    ).not.toThrow();
    expect(() => checkManagedRouting(oauth("audience: 'https://api.example', scope: alerts"))).not.toThrow();
  });
});
