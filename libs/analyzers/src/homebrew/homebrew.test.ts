import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { homebrew } from './homebrew.js';

// Written after Homebrew's `Tab`, with the fields of Homebrew 4.1.
const content = readFileSync(join(__dirname, 'fixtures/INSTALL_RECEIPT.json'));
const path = 'home/linuxbrew/.linuxbrew/Cellar/openssl@3/3.1.2_1/INSTALL_RECEIPT.json';

describe('homebrew', () => {
  it.each([
    [path, true],
    ['opt/homebrew/Cellar/jq/1.7.1/INSTALL_RECEIPT.json', true],
    ['opt/homebrew/Cellar/jq/1.7.1/share/INSTALL_RECEIPT.json', false],
    ['opt/homebrew/opt/jq/INSTALL_RECEIPT.json', false],
    ['opt/homebrew/Cellar/jq/1.7.1/.brew/jq.rb', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(homebrew.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed formula with its revision', () => {
    const [name, version] = ['openssl@3', '3.1.2_1'];
    expect(homebrew.analyze({ path, content })).toEqual({
      packages: [
        { type: 'brew', name, version, arch: 'x86_64', source: { name, version }, licenses: [], foundIn: path },
      ],
    });
  });

  it.each(['{}', '[]', '{"arch":{}}', '{"arch":"a b"}'])('reads a receipt of %s without an architecture', (text) => {
    const [found] = homebrew.analyze({ path, content: Buffer.from(text) }).packages ?? [];
    expect(found).not.toHaveProperty('arch');
  });

  it('reports folders without a valid name as damaged', () => {
    const odd = 'opt/Cellar/{{name}}/1/INSTALL_RECEIPT.json';
    expect(homebrew.analyze({ path: odd, content }).damage).toBeDefined();
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(homebrew, { path, content })).toEqual([]);
  });
});
