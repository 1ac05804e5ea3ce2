import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readOpsgenie', () => {
  it.each([
    [
      "opsgenie_configs: [{api_key: k, api_url: 'https://api.example.com', tags: 'a, b,', priority: P1, responders: [{name: n, type: team}]}]",
      { apiUrl: 'https://api.example.com/', tags: ['a', 'b'], responders: [{ name: 'n', type: 'team' }] },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['opsgenie_configs: [{api_key: k, responders: [{type: dog}]}]', 'type: expected team, user'],
    ['opsgenie_configs: [{api_key: k, priority: high}]', 'priority: expected one of P1'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the key of global', () => {
    expect(secretAt(channelConfig('opsgenie_configs: [{}]', { global: '{opsgenie_api_key: g}' }), 'apiKey')).toBe('g');
  });
});
