import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { nestedRoot } from './nested-root.js';

const content = readFileSync(join(__dirname, 'fixtures/status'));

describe('nestedRoot', () => {
  it.each([
    ['opt/root/var/lib/dpkg/status', true],
    ['snapshots/1/fs/var/lib/dpkg/status.d/base', true],
    ['snapshots/1/fs/var/lib/dpkg/status.d/base.md5sums', false],
    ['srv/chroot/lib/apk/db/installed', true],
    ['srv/chroot/usr/lib/apk/db/installed', true],
    ['mock/root/var/lib/rpm/rpmdb.sqlite', true],
    ['mock/root/usr/lib/sysimage/rpm/Packages.db', true],
    ['mock/root/var/lib/rpm/Packages', true],
    // The image's own.
    ['var/lib/dpkg/status', false],
    ['var/lib/dpkg/status.d/base', false],
    ['lib/apk/db/installed', false],
    ['usr/lib/apk/db/installed', false],
    ['var/lib/rpm/Packages', false],
    ['usr/share/rpm/rpmdb.sqlite', false],
    ['opt/root/var/lib/dpkg/status-old', false],
    ['opt/root/var/lib/dpkg/info/a.list', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(nestedRoot.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reports a database of another root, unless it is empty', () => {
    const path = 'opt/root/var/lib/dpkg/status';
    expect(nestedRoot.analyze({ path, content })).toEqual({
      damage: 'package database of another root: its packages are not evaluated',
    });
    expect(nestedRoot.analyze({ path, content: Buffer.alloc(0) })).toEqual({});
  });
});
