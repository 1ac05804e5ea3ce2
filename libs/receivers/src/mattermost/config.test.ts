import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readMattermost', () => {
  it.each([
    [
      "mattermost_configs: [{webhook_url: 'https://chat.example.com/hooks/x', channel: a, username: t, icon_emoji: ship}]",
      { channel: 'a', username: 't', iconEmoji: 'ship', sendResolved: true },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([['mattermost_configs: [{}]', 'mattermost_configs[0].webhook_url: or webhook_url_file is required']])(
    'rejects %s',
    (text, problem) => {
      expect(channelProblems(text).join('\n')).toContain(problem);
    },
  );

  it('reads the webhook of global', () => {
    const global = '{mattermost_webhook_url: "https://chat.example.com/hooks/g"}';
    expect(secretAt(channelConfig('mattermost_configs: [{}]', { global }), 'url')).toBe(
      'https://chat.example.com/hooks/g',
    );
  });
});
