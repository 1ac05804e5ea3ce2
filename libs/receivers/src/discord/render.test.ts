import { hostileText, hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { discordLimits, discordMessage } from './render.js';

const look = { username: undefined, avatarUrl: undefined };

describe('discordMessage', () => {
  it('mentions no user and escapes untrusted text', () => {
    const body = discordMessage(look, sampleMessage({ title: hostileText, summary: hostileText }));
    expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(JSON.stringify(body)).not.toMatch(/[^\\]@everyone|[^\\]\[x\]/);
  });

  it('stays within the limits of Discord', () => {
    const { embeds } = discordMessage(look, hugeMessage) as {
      embeds: [
        { title: string; description: string; fields: { name: string; value: string }[]; footer: { text: string } },
      ];
    };
    const [{ title, description, fields, footer }] = embeds;
    expect(title.length).toBeLessThanOrEqual(discordLimits.titleChars);
    expect(description.length).toBeLessThanOrEqual(discordLimits.descriptionChars);
    const all = title + description + footer.text + fields.map(({ name, value }) => name + value).join('');
    expect(all.length).toBeLessThanOrEqual(discordLimits.allChars);
  });
});
