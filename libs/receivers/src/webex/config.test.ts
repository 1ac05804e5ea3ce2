import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readWebex', () => {
  it.each([
    [
      'webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]',
      { url: 'https://webexapis.com/v1/messages', roomId: 'r', http: { auth: { type: 'authorization' } } },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['webex_configs: [{room_id: r}]', 'webex_configs[0].http_config: needs an authorization'],
    ['webex_configs: [{}]', 'webex_configs[0].room_id: is required'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });

  it('reads the URL of global', () => {
    const text = 'webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}}]';
    const global = '{webex_api_url: "https://webex.example.com"}';
    expect(channelConfig(text, { global })).toMatchObject({ url: 'https://webex.example.com' });
  });
});
