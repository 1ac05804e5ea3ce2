import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readSplunkHec', () => {
  it('reads every key of an entry', () => {
    const config = channelConfig(
      `splunk_hec_configs: [{url: 'https://splunk.example:8088/', token_file: /run/secrets/bot, index: sec, source: s, sourcetype: t, timeout: 5s, send_resolved: false}]`,
    );
    expect(config).toMatchObject({
      ...{ url: 'https://splunk.example:8088', index: 'sec', source: 's', sourcetype: 't' },
      ...{ timeoutMs: 5_000, sendResolved: false },
    });
    expect(secretAt(config, 'token')).toBe('1:fromfile');
  });

  it.each([
    ['{token: a}', 'splunk_hec_configs[0].url: is required'],
    ["{url: 'http://a/'}", 'splunk_hec_configs[0].token: or token_file is required'],
    ["{url: 'http://a/', token: a, http_config: {bearer_token: b}}", 'the token authenticates it'],
    ["{url: 'http://a/', token: a, chanel: b}", 'unknown key'],
  ])('refuses %s', (entry, problem) => {
    expect(channelProblems(`splunk_hec_configs: [${entry}]`).join('\n')).toContain(problem);
  });
});
