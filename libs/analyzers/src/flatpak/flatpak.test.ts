import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { flatpak } from './flatpak.js';

// Written after the documentation of AppStream and Flatpak.
const content = readFileSync(join(__dirname, 'fixtures/org.gnome.gedit.metainfo.xml'));
const commit = '0123456789abcdef'.repeat(4);
const app = `var/lib/flatpak/app/org.gnome.gedit/x86_64/stable/${commit}`;
const runtime = `home/u/.local/share/flatpak/runtime/org.gnome.Platform/aarch64/45/${commit}/metadata`;
const path = `${app}/files/share/metainfo/org.gnome.gedit.metainfo.xml`;
const read = (text: string, file = path) => flatpak.analyze({ path: file, content: Buffer.from(text) });

describe('flatpak', () => {
  it.each([
    [path, true],
    [`${app}/files/share/appdata/org.gnome.gedit.appdata.xml`, true],
    [runtime, true],
    [`${app}/metadata`, false],
    [`${app}/files/share/metainfo/org.other.metainfo.xml`, false],
    [`${app}/files/share/icons.xml`, false],
    ['usr/share/metainfo/org.gnome.gedit.metainfo.xml', false],
    ['var/lib/flatpak/app/org.gnome.gedit/x86_64/stable/active/metadata', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(flatpak.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the newest release of an application', () => {
    const [name, version] = ['org.gnome.gedit', '46.1'];
    expect(flatpak.analyze({ path, content })).toEqual({
      packages: [
        { type: 'flatpak', name, version, arch: 'x86_64', source: { name, version }, licenses: [], foundIn: path },
      ],
    });
  });

  it('reads a runtime with its branch, and nothing of extensions', () => {
    expect(read('[Runtime]\nname=org.gnome.Platform\n', runtime).packages).toMatchObject([
      { name: 'org.gnome.Platform', version: '45', arch: 'aarch64' },
    ]);
    expect(read('[ExtensionOf]\nref=app/a\n', runtime)).toEqual({ packages: [] });
  });

  it.each(['', '<releases/>', '<release date="2023"/>', '<release version="{{v}}"/>', '<release version=1 />'])(
    'reports %j as damaged',
    (text) => {
      expect(read(text).damage).toBeDefined();
    },
  );

  it('takes linear time for hostile documents', () => {
    expect(read('<release version'.repeat(1 << 18)).packages).toEqual([]);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(flatpak, { path, content })).toEqual([]);
  });
});
