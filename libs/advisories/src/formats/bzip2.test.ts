import { bunzip2, isBzip2 } from './bzip2.js';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const unpack = async (bytes: Buffer, size = 64) =>
  Buffer.concat(await Array.fromAsync(bunzip2(pieces(bytes, size)))).toString('latin1');

// Made by bzip2 1.0.8 of the contents in the tests.
const hello = Buffer.from('QlpoOTFBWSZTWWGy7TAAAAPRgAAQQAQyRJAAIAAiAaHqEAMCjqhLhjTxdyRThQkGGy7TAA==', 'base64');
const runs = Buffer.from(
  'QlpoOTFBWSZTWc6wYo0AAJV/////////////////////////////////////////////sAGBQCX//qqqAAAaAJpgAACYATAAAAADRoEwAJgmmJgTAMmQBMAAAAATAAAAAAJgAmCZCkkQwJpgBMCNMABMJgAJo0YTAAAYmgIwAJowAQYAjTAAJhMAAmABBkwJhNMJgAAIAkwAEwABMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIf94dAwVuiaCiiKosi6MIyjSNo4jqPI+kCQoBIkjSRJUmSdKEpfglT8UrSxLUuS9MExTJM00TVNk3ThOU6TtPE9T5P35KAoKhKGoiiqMo6kKS/NSlLUxTVOU9UFRVJU1UVVVlXVhWVaVtXFdV5X1gWFYljWRZVmWdaFpWpa0Ctj6hFjQAANCIAA0OuKCLCMHwjBwB8Ig4JEAQAoIg4I90hQB4IgAOAXF+i5rouq7LuvC8r0va+L6vz9V/YBgWCYN+zCP3YVhmHfwxDEsUxbGMa/ljmPZBkWSZNlGVQaEZZCoZl2YZlmmbZxnWef0z7QNC0TRtI0rTNO1DUtU1bWNa1zXtg2LZNm2jats27cNy3Tdt43rfN+/twHBcJw3EcVxnHchyXKctzHNc5z3QdF0nTdR1XWdd2HZdp23cd13nfeB4XieNifIxbyv8eZ53oel6nrex7Xue98H+vi+T5vogEHCwn1Qz/n2fd/4u5IpwoSGdYMUaA',
  'base64',
);
const runsContent = [
  ...['a'.repeat(1_000), 'b'.repeat(4), 'c'.repeat(5), 'd'.repeat(255), 'e'.repeat(259), 'f'.repeat(260)],
  ...Array.from({ length: 3 }, () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')),
].join('');

describe('bunzip2', () => {
  it('decompresses the block of a text', async () => {
    expect(await unpack(hello)).toBe('hello, harbor\n');
  });

  it.each([1, 7, 100_000])('decompresses runs of every length, from pieces of %d bytes', async (size) => {
    expect(await unpack(runs, size)).toBe(runsContent);
  });

  it('decompresses streams one after another', async () => {
    expect(await unpack(Buffer.concat([hello, runs, hello]))).toBe(`hello, harbor\n${runsContent}hello, harbor\n`);
  });

  it('rejects every truncation and every changed byte, or finds it harmless', async () => {
    for (let at = 0; at < hello.length; at += 1) {
      await expect(unpack(hello.subarray(0, at))).rejects.toMatchObject({ code: 'FEED_COMPRESSION' });
      const changed = Buffer.from(hello);
      changed[at]! ^= 0x10;
      const outcome = await unpack(changed).catch((error: { code: string }) => error.code);
      expect(['FEED_COMPRESSION', 'hello, harbor\n']).toContain(outcome);
    }
  });

  it.each(['', 'BZh0', 'PK', 'hello, harbor'])('rejects %j', async (text) => {
    await expect(unpack(Buffer.from(text))).rejects.toMatchObject({ code: 'FEED_COMPRESSION' });
  });

  it('is recognized by its first bytes', () => {
    expect([isBzip2(hello), isBzip2(Buffer.from('BZ')), isBzip2(Buffer.from('PK\x03\x04'))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
