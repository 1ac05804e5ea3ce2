import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { stackLock } from './stack-lock.js';

// Written by hand as Stack 2.15 writes it.
const content = readFileSync(join(__dirname, 'fixtures/stack.yaml.lock'));
const path = 'app/stack.yaml.lock';

describe('stackLock', () => {
  it.each([
    ['stack.yaml.lock', true],
    ['app/stack.yaml.lock', true],
    ['app/stack.yaml', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(stackLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads packages of Hackage', () => {
    expect(stackLock.analyze({ path, content })).toEqual({
      packages: [
        {
          type: 'hackage',
          name: 'acme-missiles',
          version: '0.3',
          source: { name: 'acme-missiles', version: '0.3' },
          licenses: [],
          foundIn: path,
          isDeclared: true,
        },
      ],
    });
  });

  it('reads indented and other items, and counts unreadable ones', () => {
    const text =
      'packages:\n  - completed:\n      hackage: a-1.0@rev:0\n  - completed:\n      hackage: nothing\nsnapshots: []\n';
    expect(stackLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [{ name: 'a', version: '1.0' }],
      damage: expect.stringMatching(/^1 /),
    });
  });

  it('rejects other files', () => {
    expect(() => stackLock.analyze({ path, content: Buffer.from('resolver: lts-20.12') })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
