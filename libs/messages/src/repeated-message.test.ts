import { mailHtml, plainText, slackBlocks } from '@tidewaiter/receivers';

import type { Message } from './message.js';
import { repeatedMessage } from './repeated-message.js';

const message: Message = {
  kind: 'push',
  status: 'firing',
  severity: 'high',
  title: 'High · shop/cart:1 brings 2 findings',
  summary: '2 high new since the previous push.',
  facts: [],
  sections: [],
  links: [],
  footer: 'Tidewaiter',
};

describe('repeatedMessage', () => {
  it('marks the repetition and its requester in every channel', () => {
    const repeated = repeatedMessage(message, 'jane\n<b>\u202E');
    expect(repeated).toMatchObject({
      ...message,
      summary: expect.stringMatching(/^Sent again, as jane.*asked\. 2 high new/),
    });
    expect(repeated.summary).not.toMatch(/[\n\u202E]/);
    expect(plainText(repeated, 4_000)).toContain('Sent again');
    expect(mailHtml(repeated)).toContain('Sent again, as jane');
    expect(JSON.stringify(slackBlocks(repeated))).toContain('Sent again');
  });
});
