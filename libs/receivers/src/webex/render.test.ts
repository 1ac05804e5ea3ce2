import { hugeMessage, sampleMessage } from '../../samples/outgoing-messages.js';
import { plainText } from '../plain-text.js';
import { maxWebexBytes, webexText } from './render.js';

describe('webexText', () => {
  it('stays within the limit in bytes of Webex', () => {
    expect(webexText(sampleMessage())).toBe(
      `Critical · shop/app:1 brings 2 findings\n\n${plainText(sampleMessage(), 1_000)}`,
    );
    expect(Buffer.byteLength(webexText(hugeMessage))).toBeLessThanOrEqual(maxWebexBytes);
    expect(Buffer.byteLength(webexText(hugeMessage))).toBeGreaterThan(maxWebexBytes / 2);
    expect(webexText(hugeMessage).isWellFormed()).toBe(true);
  });
});
