import * as fc from 'fast-check';

import { statusOf, watchEvents } from './watch-lines.js';

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function typesOf(text: string, size: number): Promise<string[]> {
  const types: string[] = [];
  for await (const events of watchEvents(chunksOf(Buffer.from(text), size)))
    types.push(...events.map(({ type }) => type));
  return types;
}

describe('watchEvents', () => {
  it('reads the same events however the bytes are split', async () => {
    const names = ['pod', 'größe', '日本', ''];
    const text = names.map((name) => `${JSON.stringify({ type: name, object: {} })}\n`).join('');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (size) => {
        expect(await typesOf(text, size)).toEqual(names);
      }),
    );
  });

  it('leaves out an event that was cut off', async () => {
    expect(await typesOf('{"type":"ADDED","object":{}}\n{"type":"ADD', 64)).toEqual(['ADDED']);
  });

  it('ends with a line that is no event', async () => {
    await expect(typesOf('<html>\n', 64)).rejects.toThrow(SyntaxError);
  });

  it('reads the status of an error', async () => {
    const [event] = (await watchEvents(chunksOf(Buffer.from('{"type":"ERROR","object":{"code":410}}\n'), 99)).next())
      .value as Parameters<typeof statusOf>[0][];
    expect(statusOf(event!)).toBe(410);
  });
});
