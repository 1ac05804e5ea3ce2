import type { Message } from '@tidewaiter/messages';

import { hostileText, hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { maxRocketChatChars, rocketChatMessage } from './render.js';

describe('rocketChatMessage', () => {
  const attachment = (about: Message) =>
    (
      rocketChatMessage({ channel: '#a', emoji: undefined, iconUrl: undefined }, about) as {
        attachments: [{ title: string; text: string; title_link: string }];
      }
    ).attachments[0];

  it('renders title, link and findings', () => {
    expect(attachment(sampleMessage())).toMatchObject({
      title: expect.stringContaining('shop/app:1 brings 2 findings'),
      title_link: 'https://tidewaiter.example.com/#pushes/1',
      text: expect.stringContaining('- \\[High\\] CVE-1 in openssl\n  fixed in 2'),
    });
  });

  it('mentions no user and escapes untrusted text', () => {
    const { text } = attachment(sampleMessage({ summary: hostileText }));
    expect(text).not.toContain('@everyone');
    expect(text).not.toMatch(/[^\\](?:\[x\]|<b>|\*_~)/);
  });

  it('stays within the limit of Rocket.Chat', () => {
    expect(attachment(hugeMessage).text.length).toBeLessThanOrEqual(maxRocketChatChars);
  });
});
