import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readPushover', () => {
  it.each([
    [
      'pushover_configs: [{token: t, user_key: u, priority: -1, retry: 2m, expire: 30m, ttl: 1h, device: d, monospace: true}]',
      { priority: -1, retrySeconds: 120, expireSeconds: 1800, ttlSeconds: 3600, device: 'd', isMonospace: true },
    ],
    ['pushover_configs: [{token: t, user_key: u}]', { priority: undefined, retrySeconds: 60, expireSeconds: 3600 }],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['pushover_configs: [{}]', 'pushover_configs[0].user_key: or user_key_file is required'],
    ['pushover_configs: [{token: t, user_key: u, priority: 3}]', 'priority: expected a number from -2 to 2'],
    ['pushover_configs: [{token: t, user_key: u, retry: 10s}]', 'retry: must be 30s or more'],
    ['pushover_configs: [{token: t, user_key: u, expire: 1d}]', 'expire: must be 3h or less'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
