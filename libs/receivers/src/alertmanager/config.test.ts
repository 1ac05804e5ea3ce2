import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readAlertmanager', () => {
  it.each([
    [
      "alertmanager_configs: [{url: 'http://127.0.0.1:9093/', http_config: {basic_auth: {username: u, password: p}}}]",
      { url: 'http://127.0.0.1:9093', http: { auth: { type: 'basic', username: 'u' } } },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([['alertmanager_configs: [{}]', 'alertmanager_configs[0].url: is required']])(
    'rejects %s',
    (text, problem) => {
      expect(channelProblems(text).join('\n')).toContain(problem);
    },
  );
});
