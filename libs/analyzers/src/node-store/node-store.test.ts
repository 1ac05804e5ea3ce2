import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeStore } from './node-store.js';

const path = 'opt/store/lodash/package.json';
const read = (content: string) => nodeStore.analyze({ path, content: Buffer.from(content) });

describe('nodeStore', () => {
  it.each([
    ['opt/store/lodash/package.json', true],
    ['app/package.json', true],
    ['app/node_modules/.store/lodash-npm-4.17.4/package/package.json', true],
    ['package.json', false],
    ['app/node_modules/lodash/package.json', false],
    ['app/node_modules/lodash/fp/package.json', false],
    ['app/node_modules/.store/x/node_modules/lodash/fp/package.json', false],
  ])('decides whether to read %j: %s', (at, expected) => {
    expect(nodeStore.wants(at, new Uint8Array())).toBe(expected);
  });

  it('reads the manifest of a package', () => {
    // lodash 3.10.1 from npm's registry.
    const manifest = readFileSync(join(__dirname, 'fixtures/lodash.json'), 'utf8');
    expect(read(manifest)).toMatchObject({ packages: [{ type: 'npm', name: 'lodash', version: '3.10.1' }] });
  });

  it.each(['{"private":true}', '{"name":"a","version":"{{version}}"}', '{{app}}', ''])(
    'ignores a file that is no manifest of a package: %j',
    (content) => {
      expect(read(content)).toEqual({});
    },
  );
});
