import { parseUnreadRouting } from './unread-routing.js';

describe('parseUnreadRouting', () => {
  it('stands for every file that a routing.yaml may name', () => {
    const text = `
global: { slack_api_url_file: a, smtp_auth_username: u, smtp_auth_password_file: b, opsgenie_api_key_file: c, telegram_bot_token_file: d, smtp_smarthost: 'm:25', smtp_from: a@b.example }
route: { receiver: team }
receivers:
  - name: team
    slack_configs: [ {}, { api_url_file: a }, { app_token_file: b, channel: '#c' } ]
    email_configs: [ { to: a@b.example, tls_config: { ca_file: c } } ]
    webhook_configs: [ { url_file: a, signing_secret_file: b, http_config: { authorization: { credentials_file: c } } } ]
    pagerduty_configs: [ { routing_key_file: a } ]
    opsgenie_configs: [ {}, { api_key_file: b } ]
    msteamsv2_configs: [ { webhook_url_file: a } ]
    discord_configs: [ { webhook_url_file: a } ]
    sns_configs: [ { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts', sigv4: {} } ]
    telegram_configs: [ { chat_id_file: a }, { bot_token_file: b, chat_id_file: c } ]
`;
    const { receivers } = parseUnreadRouting(text);
    expect(receivers.get('team')?.integrations).toHaveLength(13);
  });
});
