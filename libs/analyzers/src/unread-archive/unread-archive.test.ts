import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { zipArchive } from '@tidewaiter/testkit';

import { unreadArchive } from './unread-archive.js';

// One file, by mksquashfs 4.6.1.
const squashfs = readFileSync(join(__dirname, 'fixtures/one-file.squashfs'));

const unreadIn = (path: string, content: Buffer) =>
  unreadArchive.wants(path, content.subarray(0, 512)) ? unreadArchive.analyze({ path, content }).unread : undefined;
const at = (offset: number, bytes: string) => Buffer.concat([Buffer.alloc(offset), Buffer.from(bytes, 'latin1')]);
const phar = (code: string) => Buffer.from(`${code}__HALT_COMPILER(); ?>\r\n\0vendor/composer/installed.json\0`);

describe('unreadArchive', () => {
  it.each([
    ['SquashFS image', 'var/lib/app', squashfs],
    ['QCOW2 disk image', 'srv/disk.bin', Buffer.from('QFI\u00fb', 'latin1')],
    ['RAR archive', 'opt/app', Buffer.from('Rar!\u001a\u0007\u0001\0', 'latin1')],
    ['7z archive', 'opt/app', Buffer.from('7z\u00bc\u00af\u0027\u001c', 'latin1')],
    ['cpio archive', 'srv/initrd', Buffer.from('070701')],
    ['ISO 9660 image', 'srv/disk.iso', at(32_769, 'CD001')],
    ['ext image', 'srv/root.ext4', at(1_080, '\u0053\u00ef')],
    ['disk image', 'srv/disk.IMG', at(510, '\u0055\u00aa')],
  ])('warns of a %s', (name, path, content) => {
    expect(unreadIn(path, content)).toBe(`${name}: its files are not read`);
  });

  it('warns of an archive of PHP with packages, under any name', () => {
    expect(unreadIn('opt/app.phar', phar('<?php '))).toMatch(/^PHP archive/);
    expect(unreadIn('usr/bin/app', phar('#!/usr/bin/env php\n<?php '))).toMatch(/^PHP archive/);
    expect(unreadIn('opt/app.phar', Buffer.from('<?php __HALT_COMPILER(); ?>'))).toBeUndefined();
  });

  it('warns of a ZIP archive with a package database', () => {
    const root = (name: string) => zipArchive([{ name, content: 'Package: a' }]);
    expect(unreadIn('srv/root.zip', root('rootfs/var/lib/dpkg/status'))).toBe(
      'packages in the archive are not read: rootfs/var/lib/dpkg/status',
    );
    expect(unreadIn('srv/root', root('lib/apk/db/installed'))).toMatch(/installed$/);
    expect(unreadIn('srv/data.zip', root('data/status'))).toBeUndefined();
  });

  it('warns of an archive behind a script, unless it is one that is read', () => {
    const script = Buffer.from('#!/bin/sh\ntail -n +3 "$0" | tar xz\nexit\n');
    const data = Buffer.concat([Buffer.from('1f8b', 'hex'), Buffer.alloc(100_000)]);
    expect(unreadIn('opt/install.run', Buffer.concat([script, data]))).toBe(
      '100000 bytes behind the script are not read',
    );
    expect(unreadIn('opt/install.run', Buffer.concat([script, data.subarray(0, 1000)]))).toBeUndefined();
    const application = zipArchive([{ name: '__main__.py', content: data, isStored: true }]);
    expect(unreadIn('opt/app', Buffer.concat([script, application]))).toBeUndefined();
  });

  it.each([
    ['boot/initrd.img', Buffer.from('070701')],
    ['usr/share/logo.img', Buffer.from('P6 32 32 255')],
    ['usr/bin/tool', Buffer.from(`#!/bin/sh\n${'echo\n'.repeat(20_000)}`)],
    ['srv/disk', at(1_080, '\u0053\u00ef')],
  ])('ignores %s', (path, content) => {
    expect(unreadIn(path, content)).toBeUndefined();
  });
});
