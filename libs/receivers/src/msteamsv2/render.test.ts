import { hostileText, hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { maxCardBytes, cardMessage } from './render.js';

describe('cardMessage', () => {
  it('escapes untrusted text', () => {
    const text = JSON.stringify(cardMessage(sampleMessage({ title: hostileText, summary: hostileText })));
    expect(text).not.toContain('[x](https');
    expect(text).not.toContain('<b>');
  });

  it('shrinks the text until the card fits', () => {
    expect(Buffer.byteLength(JSON.stringify(cardMessage(hugeMessage)))).toBeLessThanOrEqual(maxCardBytes);
  });
});
