import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readWebhook', () => {
  it('reads every key of an entry', () => {
    const signing = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const config = channelConfig(
      `webhook_configs: [{url: 'http://127.0.0.1:9/x', max_alerts: 50, timeout: 1m30s, signing_secret: ${signing}, http_config: {basic_auth: {username: u, password_file: /run/secrets/password}}}]`,
    );
    expect(config).toMatchObject({
      maxAlerts: 50,
      timeoutMs: 90_000,
      http: { auth: { type: 'basic', username: 'u' } },
      sendResolved: true,
    });
    expect([
      secretAt(config, 'url'),
      secretAt(config, 'http', 'auth', 'password'),
      secretAt(config, 'signingSecret'),
    ]).toEqual(['http://127.0.0.1:9/x', 'from a file', signing]);
    const bearer = channelConfig(
      `webhook_configs: [{url: 'http://a/', http_config: {authorization: {credentials: c}}}]`,
    );
    expect(bearer).toMatchObject({
      maxAlerts: 0,
      timeoutMs: 0,
      http: { auth: { type: 'authorization', scheme: 'Bearer' } },
      signingSecret: undefined,
    });
  });

  it('limits the timeout to the range of a timer', () => {
    expect(channelConfig(`webhook_configs: [{url: 'http://a/', timeout: 30d}]`)).toMatchObject({
      timeoutMs: 2 ** 31 - 1,
    });
  });

  it.each(['http://user@hook.example/', 'http://:s3cret@hook.example/', 'http://user:s3cret@hook.example/'])(
    'rejects the URL %s, which holds credentials',
    (url) => {
      expect(channelProblems(`webhook_configs: [{url: '${url}'}]`)).toContain(
        'receivers[0].webhook_configs[0].url: user and password do not belong in a URL; use http_config.basic_auth',
      );
    },
  );
});
