import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { opkg } from './opkg.js';

// Written after the documentation, with the fields of OpenWrt 22.03.
const content = readFileSync(join(__dirname, 'fixtures/status'));
const path = 'usr/lib/opkg/status';
const read = (text: string) => opkg.analyze({ path, content: Buffer.from(text) });

describe('opkg', () => {
  it.each([
    [path, true],
    ['var/lib/opkg/status', true],
    ['opt/lib/opkg/status', true],
    ['usr/lib/opkg/info/busybox.control', false],
    ['usr/lib/opkg/lists/status', false],
    ['srv/usr/lib/opkg/status', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(opkg.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads installed packages and leaves removed ones out', () => {
    const row = (name: string, version: string) => {
      return { type: 'opkg', name, version, arch: 'x86_64', source: { name, version }, licenses: [], foundIn: path };
    };
    expect(opkg.analyze({ path, content })).toEqual({ packages: [row('libc', '1.2.3-4'), row('busybox', '1.35.0-5')] });
  });

  it.each([
    'Package: a\nVersion: 1\n',
    'Package: a\nVersion: 1\nStatus: install ok exploded\n',
    'Package: a\nStatus: install ok installed\n',
    'Package: a b\nVersion: 1\nStatus: install ok installed\n',
    'Package: \uFFFD\nVersion: 1\nStatus: install ok installed\n',
  ])('reports %j as damaged', (text) => {
    expect(read(text)).toEqual({ packages: [], damage: '1 records without a usable name, version or status' });
  });

  it('refuses a database of too many packages', () => {
    const stanza = 'Package: a\nVersion: 1\nStatus: install ok installed\n\n';
    expect(() => read(stanza.repeat(30_001))).toThrow('more than 30000 packages');
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(opkg, { path, content })).toEqual([]);
  });
});
