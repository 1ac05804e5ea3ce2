import { parseManagedRouting } from './managed-routing.js';

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
