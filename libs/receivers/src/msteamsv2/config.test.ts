import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readTeams', () => {
  it.each([
    ["msteamsv2_configs: [{webhook_url: 'https://flow.example.com/x?sig=y'}]", { timeoutMs: 0, sendResolved: true }],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([['msteamsv2_configs: [{text: x}]', 'webhook_url: or webhook_url_file is required']])(
    'rejects %s',
    (text, problem) => {
      expect(channelProblems(text).join('\n')).toContain(problem);
    },
  );
});
