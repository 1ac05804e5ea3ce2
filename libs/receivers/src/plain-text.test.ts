import { hugeMessage, sampleItem, sampleMessage } from '../samples/outgoing-messages.js';
import { plainText } from './plain-text.js';

describe('plainText', () => {
  it('renders what fits and counts the rest', () => {
    expect(plainText(sampleMessage(), 1_000)).toBe(
      [
        'Pushed by ci a minute ago.',
        'Image: shop/app:1',
        '',
        'New',
        '- [High] CVE-1 in openssl',
        '  fixed in 2',
        '- [High] CVE-2 in zlib',
        '  fixed in 2',
        '+3 more',
        '',
        'Open: https://tidewaiter.example.com/#pushes/1',
      ].join('\n'),
    );
    const two = sampleMessage({
      sections: [...sampleMessage().sections, { title: 'Gone', items: [sampleItem('CVE-3')], omitted: 0 }],
    });
    expect(plainText(two, 1_000)).toContain('  fixed in 2\n\nGone\n- [High] CVE-3\n');
    expect(plainText(sampleMessage(), 160)).toContain('+4 more');
    expect(plainText(hugeMessage, 5_000).length).toBeLessThanOrEqual(5_000);
    expect(plainText(hugeMessage, 5_000).isWellFormed()).toBe(true);
  });
});
