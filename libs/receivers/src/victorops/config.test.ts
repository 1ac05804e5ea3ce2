import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readVictorOps', () => {
  it.each([
    [
      'victorops_configs: [{api_key_file: /run/secrets/password, routing_key: team, message_type: WARNING, monitoring_tool: t, custom_fields: {a: b}}]',
      {
        apiUrl: 'https://alert.victorops.com/integrations/generic/20131114/alert/',
        routingKey: 'team',
        messageType: 'WARNING',
        customFields: [['a', 'b']],
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['victorops_configs: [{routing_key: r}]', 'victorops_configs[0].api_key: or api_key_file is required'],
    ['victorops_configs: [{api_key: k}]', 'victorops_configs[0].routing_key: is required'],
    ['victorops_configs: [{message_type: LOUD}]', 'message_type: expected one of CRITICAL, WARNING, INFO'],
    ['victorops_configs: [{custom_fields: {entity_id: x}}]', 'custom_fields: entity_id is set by the message itself'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the key of global', () => {
    const global = '{victorops_api_key: v}';
    expect(secretAt(channelConfig('victorops_configs: [{routing_key: r}]', { global }), 'apiKey')).toBe('v');
  });
});
