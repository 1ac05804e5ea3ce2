import type { Message } from '@tidewaiter/messages';

import { hostileText, hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { maxMattermostChars, mattermostMessage } from './render.js';

describe('mattermostMessage', () => {
  const attachment = (about: Message) =>
    (
      mattermostMessage(
        { channel: undefined, username: undefined, iconUrl: undefined, iconEmoji: undefined },
        about,
      ) as { attachments: [{ title: string; text: string; title_link: string }] }
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

  it('stays within the limit of Mattermost', () => {
    expect(attachment(hugeMessage).text.length).toBeLessThanOrEqual(maxMattermostChars);
  });
});
