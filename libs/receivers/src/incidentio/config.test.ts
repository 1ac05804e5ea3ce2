import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readIncidentio', () => {
  it.each([
    [
      "incidentio_configs: [{url: 'https://api.example.com/x', alert_source_token: t, max_alerts: 5}]",
      { url: 'https://api.example.com/x', maxAlerts: 5, http: { auth: { scheme: 'Bearer' } } },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['incidentio_configs: [{}]', 'incidentio_configs[0].url: or url_file is required'],
    ["incidentio_configs: [{url: 'https://a.example.com'}]", 'alert_source_token: or alert_source_token_file'],
    [
      "incidentio_configs: [{url: 'https://a.example.com', alert_source_token: t, http_config: {bearer_token: t}}]",
      'alert_source_token: and credentials in http_config are both given',
    ],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
