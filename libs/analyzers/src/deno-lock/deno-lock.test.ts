import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { denoLock } from './deno-lock.js';

const path = 'srv/app/deno.lock';
// In the form of Deno 2.
const content = readFileSync(join(__dirname, 'fixtures/deno.lock'));
const read = (text: string | Buffer) =>
  denoLock.analyze({ path, content: Buffer.from(text) }).packages?.map(({ name, version }) => `${name} ${version}`);

describe('denoLock', () => {
  it.each([
    ['deno.lock', true],
    ['srv/node_modules/x/deno.lock', false],
    ['srv/xdeno.lock', false],
  ])('decides whether to read %j: %s', (at, expected) => {
    expect(denoLock.wants(at, new Uint8Array())).toBe(expected);
  });

  it('reads npm packages without their peers', () => {
    expect(read(content)).toEqual(['express 4.18.0', '@types/node 22.1.0', 'react-dom 18.2.0']);
    expect(denoLock.analyze({ path, content }).packages?.[0]?.isDeclared).toBe(true);
  });

  it.each([
    ['2', '{"version":"2","npm":{"specifiers":{},"packages":{"lodash@4.17.4":{}}}}'],
    ['3', '{"version":"3","packages":{"npm":{"lodash@4.17.4":{}}}}'],
  ])('reads version %s', (_, text) => {
    expect(read(text)).toEqual(['lodash 4.17.4']);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(denoLock, { path, content })).toEqual([]);
  });
});
