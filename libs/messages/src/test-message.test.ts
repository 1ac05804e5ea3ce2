import { mailHtml, plainText, slackBlocks } from '@tidewaiter/receivers';

import { testMessage } from './test-message.js';

describe('testMessage', () => {
  it('shows in every channel that it is a test, and who sent it', () => {
    const message = testMessage('jane\n<b>\u202E', 'https://tidewaiter.example.com/');
    expect(message.title).toMatch(/^Test: /);
    expect(message.summary).toMatch(/^Sample that jane.* sent to try this channel; there is no such image\./);
    expect(message.summary).not.toMatch(/[\n\u202E]/);
    for (const shown of [plainText(message, 4_000), mailHtml(message), JSON.stringify(slackBlocks(message))])
      expect(shown).toContain('there is no such image');
  });
});
