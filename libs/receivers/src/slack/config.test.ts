import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readSlack', () => {
  it('reads an incoming webhook', () => {
    const config = channelConfig(
      `slack_configs: [{api_url: 'https://hooks.slack.example/services/T0/B0/X', channel: '#security', username: tidewaiter, icon_emoji: ':anchor:', icon_url: 'https://example.com/i.png', timeout: 5s}]`,
    );
    expect(config).toMatchObject({
      target: { mode: 'webhook', channel: '#security' },
      username: 'tidewaiter',
      iconEmoji: ':anchor:',
      iconUrl: 'https://example.com/i.png',
      timeoutMs: 5_000,
      sendResolved: false,
    });
    expect(secretAt(config, 'target', 'url')).toBe('https://hooks.slack.example/services/T0/B0/X');
  });

  it.each([
    [
      "{slack_api_url: 'https://hooks.slack.example/services/T0/B0/G'}",
      '{}',
      'https://hooks.slack.example/services/T0/B0/G',
    ],
    ['{slack_api_url_file: /run/secrets/hook}', '{}', 'https://hooks.slack.example/services/T0/B0/file'],
    [
      '{slack_app_token: xoxb-1}',
      '{api_url_file: /run/secrets/hook}',
      'https://hooks.slack.example/services/T0/B0/file',
    ],
  ])('chooses the webhook of global %s and own %s', (global, own, url) => {
    expect(secretAt(channelConfig(`slack_configs: [${own}]`, { global }), 'target', 'url')).toBe(url);
  });

  it.each([
    ['{slack_app_token: xoxb-1}', "{channel: '#a'}", 'https://slack.com/api/chat.postMessage', 'xoxb-1'],
    [
      "{slack_app_token: xoxb-1, slack_api_url: 'https://hooks.slack.example/x'}",
      "{channel: '#a'}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-1',
    ],
    [
      '{slack_app_token: xoxb-1}',
      "{channel: '#a', app_token: xoxb-2}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-2',
    ],
    [
      "{slack_app_token: xoxb-1, slack_app_url: 'http://127.0.0.1:9/api/'}",
      "{channel: '#a'}",
      'http://127.0.0.1:9/api/',
      'xoxb-1',
    ],
    [
      '{slack_app_token: xoxb-1}',
      "{channel: '#a', app_url: 'http://127.0.0.1:9/api/'}",
      'http://127.0.0.1:9/api/',
      'xoxb-1',
    ],
    // Bot configuration from before app tokens.
    [
      "{slack_app_token: xoxb-1, slack_api_url: 'https://slack.com/api/chat.postMessage'}",
      "{channel: '#a', http_config: {authorization: {credentials: xoxb-3}}}",
      'https://slack.com/api/chat.postMessage',
      'xoxb-3',
    ],
  ])('chooses the bot of global %s and own %s', (global, own, url, token) => {
    const config = channelConfig(`slack_configs: [${own}]`, { global });
    expect(config).toMatchObject({ target: { mode: 'bot', channel: '#a', url } });
    expect(secretAt(config, 'target', 'token')).toBe(token);
  });

  it.each([
    [
      "{app_token: x, channel: a, api_url: 'http://a/'}",
      'app_token: and api_url or http_config.authorization are both given; keep one',
    ],
    ['{app_token: x}', 'channel: is required for a bot'],
    ['{app_token: "x\\r\\nHost: y", channel: a}', 'app_token: has characters that a header cannot carry'],
    [
      "{api_url: 'https://slack.com/api/chat.postMessage', channel: a}",
      'app_token: is required with an api_url that ends in /chat.postMessage',
    ],
    [
      "{api_url: 'http://a/', http_config: {authorization: {credentials: x}}}",
      'http_config: authorization works with an api_url that ends in /chat.postMessage only',
    ],
    ["{api_url: 'ftp://a/'}", 'api_url: expected an http or https URL without templates'],
    ['{api_url_file: /run/secrets/empty}', 'api_url_file: the file is empty'],
  ])('rejects %s', (own, problem) => {
    expect(channelProblems(`slack_configs: [${own}]`)).toContain(`receivers[0].slack_configs[0].${problem}`);
  });
});
