import { isPublished, publishedValues } from './published-values.js';
import { spelt } from './rules/fake.js';

describe('publishedValues', () => {
  it('name their origin and have whole hashes, each once', () => {
    const hashes = publishedValues.flatMap(({ sha256 }) => sha256);
    for (const { title, source, sha256 } of publishedValues) {
      expect(title).not.toBe('');
      expect(source).toMatch(/^https:\/\//);
      for (const hash of sha256) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('isPublished', () => {
  it.each([
    spelt('sk_test_', '4eC39HqLyjWDarjtT1zdp7dc'),
    // The account of Azurite, and the first account of Anvil in both spellings.
    spelt('Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6', 'tq/K1SZFPTOtr/KBHBeksoGMGw=='),
    spelt('ac0974bec39a17e36ba4a6b4d238ff94', '4bacb478cbed5efcae784d7bf4f2ff80'),
    // The key for Ed25519 of GnuTLS's self-tests.
    spelt('PRIVATE KEY\nMC4CAQAwBQYDK2VwBCIEIH4W', 'eqmZGZQlSY/8H85ZZimVd26h6I68gFNyBvyh3Vcy'),
    spelt('0xAC0974bec39a17e36ba4a6b4d238ff94', '4bacb478cbed5efcae784d7bf4f2ff80'),
  ])('recognizes a well-known value (%#)', (value) => {
    expect(isPublished(value)).toBe(true);
    expect(isPublished(`${value}x`)).toBe(false);
  });
});
