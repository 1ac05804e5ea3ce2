import * as fc from 'fast-check';

import { buildPrefilter } from './prefilter.js';

function scan(keywords: readonly string[], text: string, length = text.length): string[] {
  const found: string[] = [];
  buildPrefilter(keywords).scan(Buffer.from(text, 'latin1'), length, (keyword, end) =>
    found.push(`${keywords[keyword]}@${end}`),
  );
  return found.toSorted();
}

function scanSlowly(keywords: readonly string[], text: string): string[] {
  const lower = text.toLowerCase();
  const found: string[] = [];
  for (const keyword of keywords) {
    for (let at = lower.indexOf(keyword); at !== -1; at = lower.indexOf(keyword, at + 1)) {
      found.push(`${keyword}@${at + keyword.length}`);
    }
  }
  return found.toSorted();
}

describe('buildPrefilter', () => {
  it('finds nested keywords in upper and lower case', () => {
    expect(scan(['she', 'he', 'hers', 'his'], 'uSHErs')).toEqual(['he@4', 'hers@6', 'she@4']);
  });

  it('stops at the given length', () => {
    expect(scan(['abc'], 'xabcabc', 6)).toEqual(['abc@4']);
  });

  it('finds the same as a search for each keyword', () => {
    const letters = fc.constantFrom('a', 'b', 'c', '-', 'A', 'B');
    const keyword = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(keyword, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: letters, maxLength: 60 }),
        (keywords, text) => {
          expect(scan(keywords, text)).toEqual(scanSlowly(keywords, text));
        },
      ),
    );
  });
});
