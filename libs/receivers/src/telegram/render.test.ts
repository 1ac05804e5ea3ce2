import { hostileText, hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { maxMessageChars, telegramMessage } from './render.js';

const chat = { chatId: '1', threadId: undefined, isSilent: false };

describe('telegramMessage', () => {
  it('stays within the limit of Telegram and escapes untrusted tags', () => {
    const { text } = telegramMessage(chat, sampleMessage({ title: hostileText })) as { text: string };
    expect(text.replaceAll(/<\/?b>/g, '')).not.toMatch(/[<>]/);
    const whole = (telegramMessage(chat, hugeMessage) as { text: string }).text;
    const read = whole.replaceAll(/<\/?b>/g, '').replaceAll(/&(?:amp|lt|gt|quot);/g, '.');
    expect(read.length).toBeLessThanOrEqual(maxMessageChars);
  });
});
