import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readWeChat', () => {
  it.each([
    [
      'wechat_configs: [{api_secret: s, corp_id: c, agent_id: 7, to_party: "1|2"}]',
      {
        apiUrl: 'https://qyapi.weixin.qq.com/cgi-bin/',
        corpId: 'c',
        agentId: '7',
        toParty: '1|2',
        sendResolved: false,
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['wechat_configs: [{}]', 'wechat_configs[0].api_secret: or api_secret_file is required'],
    ['wechat_configs: [{api_secret: s, corp_id: c, agent_id: 1}]', 'to_user: or to_party or to_tag is required'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
