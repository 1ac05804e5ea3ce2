import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { rpmRepositories } from './rpm-repositories.js';

const checksum = '5f3a'.repeat(10);
const origin = `var/lib/yum/yumdb/k/${checksum}-kernel-tools-5.15.43-20.123.amzn2-x86_64/from_repo`;
const read = (path: string, content: string | Buffer) =>
  rpmRepositories.analyze({ path, content: Buffer.from(content) }).rpm;

// Made by SQLite 3.46 with libdnf's tables, and in the form of libdnf5's files.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));

describe('rpmRepositories', () => {
  it.each([
    [origin, true],
    ['var/lib/dnf/history.sqlite', true],
    ['usr/lib/sysimage/libdnf5/nevras.toml', true],
    ['root/buildinfo/content_manifests/ubi8-container-8.7-1112.json', true],
    ['usr/share/buildinfo/content-sets.json', true],
    ['etc/dnf/modules.d/nginx.module', true],
    ['usr/share/buildinfo/labels.json', true],
    ['root/buildinfo/labels.json', true],
    ['etc/yum.repos.d/redhat.repo', true],
    ['etc/yum.repos.d/redhat.repo.rpmsave', false],
    [origin.replace('from_repo', 'reason'), false],
    ['var/lib/dnf/history.sqlite-wal', false],
    ['root/buildinfo/Dockerfile-name-1-1', false],
    ['etc/dnf/modules.d/a/b.module', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(rpmRepositories.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the repository of a package from yum', () => {
    expect(read(origin, 'amzn2extra-kernel-5.15\n')).toEqual({
      origins: [['kernel-tools-5.15.43-20.123.amzn2.x86_64', 'amzn2extra-kernel-5.15']],
    });
    expect(read(origin, '')).toBeUndefined();
  });

  it('reads the repositories of packages from dnf', () => {
    const { origins = [] } = read('var/lib/dnf/history.sqlite', fixture('history.sqlite'))!;
    // Its removal is recorded with no repository, which changes nothing.
    expect(origins).toContainEqual(['bash-5.2.15-1.amzn2023.0.2.x86_64', 'amazonlinux']);
    expect(origins).toContainEqual(['libnvidia-container1-1.17.3-1.x86_64', 'amazonlinux-nvidia']);
    expect(origins).toHaveLength(63);
  });

  it('reads the repositories of packages from dnf 5', () => {
    expect(read('usr/lib/sysimage/libdnf5/nevras.toml', fixture('nevras.toml'))).toEqual({
      origins: [
        ['bash-5.2.32-1.fc41.x86_64', 'fedora'],
        ['openssl-3.2.2-7.fc41.x86_64', 'updates'],
      ],
    });
  });

  it('reads the content sets of a build', () => {
    const path = 'root/buildinfo/content_manifests/a.json';
    expect(read(path, '{"content_sets":["rhel-9-for-x86_64-baseos-rpms", 1, "a b"]}')).toEqual({
      repositories: ['rhel-9-for-x86_64-baseos-rpms'],
    });
    expect(read('usr/share/buildinfo/labels.json', '{"version":"1"}')).toBeUndefined();
  });

  it('reads the product in the labels of an image', () => {
    const cpe = 'cpe:/a:redhat:rhel_eus:9.4::appstream';
    for (const path of ['usr/share/buildinfo/labels.json', 'root/buildinfo/labels.json']) {
      expect(read(path, JSON.stringify({ cpe, name: 'shop' }))).toEqual({ repositories: [cpe] });
    }
    for (const other of ['cpe:/a:other:product:1', `${cpe},x`, 1, null]) {
      expect(read('root/buildinfo/labels.json', JSON.stringify({ cpe: other }))).toBeUndefined();
    }
  });

  it('reads the enabled repositories of Red Hat in the configuration of yum and dnf', () => {
    const text = `[main]
gpgcheck=1
[rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_4]
name = base
enabled = 1
[rhocp-4.16-for-rhel-9-x86_64-rpms]
name = without the key
[rhel-9-for-x86_64-appstream-rpms]
enabled=0
[ubi-9-baseos-source]
enabled = False
#enabled=1
[epel]
enabled=1
[rhel 9]
enabled=1
`;
    expect(read('etc/yum.repos.d/redhat.repo', text)).toEqual({
      repositories: ['rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_4', 'rhocp-4.16-for-rhel-9-x86_64-rpms'],
    });
    const many = Array.from({ length: 201 }, (_, index) => `[rhel-${index}-rpms]\n`).join('');
    expect(() => read('etc/yum.repos.d/redhat.repo', many)).toThrow('more than 200');
    expect(read('etc/yum.repos.d/epel.repo', '[epel]\nenabled=1\n')).toBeUndefined();
  });

  it('reads the enabled modules of dnf', () => {
    const text =
      '[nginx]\nname=nginx\nstream=1.18\nprofiles=\nstate=enabled\n\n[php]\nname=php\nstream=8.0\nstate=disabled\n';
    expect(read('etc/dnf/modules.d/nginx.module', text)).toEqual({ modules: ['nginx:1.18'] });
  });

  it.each([
    ['var/lib/dnf/history.sqlite', 'SQLite format 2'],
    ['var/lib/dnf/history.sqlite', fixture('history.sqlite').subarray(0, 1024)],
    ['root/buildinfo/content_manifests/a.json', 'File replaced by RapidFort'],
    ['usr/lib/sysimage/libdnf5/nevras.toml', '[[['],
  ])('rejects a broken %s', (path, content) => {
    expect(() => read(path, content)).toThrow(TidewaiterError);
  });

  it('survives any change of the history of dnf', () => {
    const content = fixture('history.sqlite');
    fc.assert(
      fc.property(fc.nat(content.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(content);
        changed[at] = byte;
        try {
          read('var/lib/dnf/history.sqlite', changed);
        } catch (error) {
          if (!(error instanceof TidewaiterError)) throw error;
        }
      }),
    );
  });
});
