import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readTelegram', () => {
  it.each([
    [
      "telegram_configs: [{bot_token: '1:abc', chat_id: -100, message_thread_id: 7, disable_notifications: true}]",
      { apiUrl: 'https://api.telegram.org', chatId: '-100', threadId: 7, isSilent: true },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ["telegram_configs: [{bot_token: 'no token', chat_id: 1}]", 'bot_token: is no token of a bot'],
    ["telegram_configs: [{bot_token: '1:a', chat_id: somebody}]", 'chat_id: expected a number'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the token of global from a file', () => {
    const global = '{telegram_bot_token_file: /run/secrets/bot}';
    expect(secretAt(channelConfig('telegram_configs: [{chat_id: 1}]', { global }), 'token')).toBe('1:fromfile');
  });
});
