import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readRocketChat', () => {
  it.each([
    [
      "rocketchat_configs: [{api_url: 'https://chat.example.com/', token: t, token_id: i, channel: '#a', emoji: ':ship:'}]",
      { apiUrl: 'https://chat.example.com', channel: '#a', emoji: ':ship:', sendResolved: false },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['rocketchat_configs: [{}]', 'rocketchat_configs[0].token: or token_file is required'],
    ['rocketchat_configs: [{token: t, token_id: i}]', 'rocketchat_configs[0].channel: is required'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the token of global', () => {
    const global = '{rocketchat_token: t, rocketchat_token_id_file: /run/secrets/password}';
    const config = channelConfig("rocketchat_configs: [{channel: '#a'}]", { global });
    expect([secretAt(config, 'token'), secretAt(config, 'tokenId')]).toEqual(['t', 'from a file']);
  });
});
