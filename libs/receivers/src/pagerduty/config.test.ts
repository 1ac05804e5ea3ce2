import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readPagerDuty', () => {
  it.each([
    [
      "pagerduty_configs: [{routing_key: k, severity: Warning, class: c, details: {runbook: r, empty: ''}}]",
      {
        api: 'v2',
        url: 'https://events.pagerduty.com/v2/enqueue',
        severity: 'warning',
        class: 'c',
        sendResolved: true,
      },
    ],
    [
      'pagerduty_configs: [{service_key_file: /run/secrets/password}]',
      { api: 'v1', url: 'https://events.pagerduty.com/generic/2010-04-15/create_event.json' },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['pagerduty_configs: [{}]', 'pagerduty_configs[0].routing_key: or service_key is required'],
    ['pagerduty_configs: [{routing_key: k, service_key: k}]', 'routing_key: and service_key are both given; keep one'],
    [
      'pagerduty_configs: [{routing_key: k, severity: bad}]',
      'severity: expected one of critical, error, warning, info',
    ],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the URL of global', () => {
    const global = "{pagerduty_url: 'https://pd.example.com'}";
    expect(channelConfig('pagerduty_configs: [{routing_key_file: /run/secrets/hook}]', { global })).toMatchObject({
      url: 'https://pd.example.com',
    });
  });
});
