import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readDiscord', () => {
  it.each([["discord_configs: [{webhook_url: 'https://discord.example.com/x', username: t}]", { username: 't' }]])(
    'reads %s',
    (text, expected) => {
      expect(channelConfig(text)).toMatchObject(expected);
    },
  );

  it.each([
    ["discord_configs: [{webhook_url: 'https://a:b@discord.example.com'}]", 'webhook_url: user and password'],
    [
      "discord_configs: [{webhook_url: 'https://d.example.com', http_config: {authorization: {credentials: x}}}]",
      'http_config: has credentials, but the address authenticates it',
    ],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
