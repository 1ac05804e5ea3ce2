import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { osRelease, osReleasePaths } from './os-release.js';

const path = 'etc/os-release';
const read = (content: string) => osRelease.analyze({ path, content: Buffer.from(content) }).os;

describe('osRelease', () => {
  it.each([
    ['etc/os-release', true],
    ['usr/lib/os-release', true],
    ['etc/redhat-release', true],
    ['etc/alpine-release', true],
    ['etc/debian_version', true],
    ['lib/os-release', false],
    ['etc/lsb-release', false],
    ['etc/os-release.bak', false],
  ])('decides whether to read %j: %s', (name, expected) => {
    expect(osRelease.wants(name, Buffer.alloc(0))).toBe(expected);
  });

  // The first two are as shipped by the distributions, the third tests quoting.
  it.each([
    ['debian', { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)', idLike: [] }],
    ['alpine', { id: 'alpine', versionId: '3.20.3', name: 'Alpine Linux v3.20', idLike: [] }],
    [
      'quoted',
      {
        id: 'ubuntu',
        versionId: '22.04',
        name: String.raw`A "quoted" $name \ ${'`x`'} \n`,
        idLike: ['debian', 'ubuntu-core'],
      },
    ],
  ])('parses %s', (name, os) => {
    expect(read(readFileSync(join(__dirname, 'fixtures', name), 'utf8'))).toEqual(os);
  });

  // Collected ones (github.com/chef/os_release, beeware/briefcase, yorevs/homesetup, some
  // shortened): almalinux, amazon-2, azurelinux, centos, fedora, kali, linuxmint, mariner,
  // openeuler, opensuse-tumbleweed, openwrt, parrot, rocky, sles, ubi, ubuntu, wolfi. The others
  // were transcribed from the distributions' files, not copied from an image.
  it.each<[file: string, id: string, versionId: string | undefined, idLike: string]>([
    ['almalinux-9', 'almalinux', '9.6', 'rhel centos fedora'],
    ['alpaquita', 'alpaquita', 'stream', 'alpine'],
    ['amazon-2', 'amzn', '2', 'centos rhel fedora'],
    ['amazon-2023', 'amzn', '2023', 'fedora'],
    ['arch', 'arch', '20231112.0.191179', ''],
    ['azurelinux-3', 'azurelinux', '3.0', ''],
    ['bottlerocket', 'bottlerocket', '1.15.1', ''],
    ['centos-8', 'centos', '8', 'rhel fedora'],
    ['chainguard', 'chainguard', '20230214', ''],
    ['clear-linux', 'clear-linux-os', '40270', 'clear-linux-os'],
    ['devuan-4', 'devuan', '4', 'debian'],
    ['distroless-12', 'debian', '12', ''],
    ['fedora-37', 'fedora', '37', ''],
    ['gentoo', 'gentoo', '2.14', ''],
    ['kali', 'kali', '2025.4', 'debian'],
    ['linuxmint-21', 'linuxmint', '21.3', 'ubuntu debian'],
    ['mariner-2', 'mariner', '2.0', ''],
    ['nixos-23.11', 'nixos', '23.11', ''],
    ['openeuler-24.03', 'openeuler', '24.03', ''],
    ['opensuse-leap-15', 'opensuse-leap', '15.5', 'suse opensuse'],
    ['opensuse-tumbleweed', 'opensuse-tumbleweed', '20240823', 'opensuse suse'],
    ['openwrt-22.03', 'openwrt', '22.03.4', 'lede openwrt'],
    ['oracle-9', 'ol', '9.3', 'fedora'],
    ['parrot', 'parrot', '4.11', 'debian'],
    ['photon-4', 'photon', '4.0', ''],
    ['raspbian-11', 'raspbian', '11', 'debian'],
    ['rocky-8', 'rocky', '8', 'rhel fedora'],
    ['sles-15', 'sles', '15.7', 'suse'],
    ['ubi-8', 'rhel', '8.7', 'fedora'],
    ['ubuntu-22.04', 'ubuntu', '22.04', 'debian'],
    ['void', 'void', undefined, ''],
    ['wolfi', 'wolfi', '20230201', ''],
  ])('identifies %s', (file, id, versionId, idLike) => {
    const os = read(readFileSync(join(__dirname, 'fixtures', file), 'utf8'));
    expect([os?.id, os?.versionId, os?.idLike.join(' ')]).toEqual([id, versionId, idLike]);
  });

  // Transcribed from the first lines of the distributions' files.
  it.each<[path: string, text: string, id: string | undefined, versionId: string | undefined]>([
    ['etc/redhat-release', 'Red Hat Enterprise Linux release 8.4 (Ootpa)', 'rhel', '8.4'],
    ['etc/redhat-release', 'Red Hat Enterprise Linux Server release 7.9 (Maipo)', 'rhel', '7.9'],
    ['etc/redhat-release', 'CentOS Linux release 7.9.2009 (Core)', 'centos', '7'],
    ['etc/centos-release', 'CentOS release 6.10 (Final)', 'centos', '6'],
    ['etc/centos-release', 'CentOS Stream release 9', 'centos', '9'],
    ['etc/rocky-release', 'Rocky Linux release 8.5 (Green Obsidian)', 'rocky', '8.5'],
    ['etc/almalinux-release', 'AlmaLinux release 9.6 (Sage Margay)', 'almalinux', '9.6'],
    ['etc/oracle-release', 'Oracle Linux Server release 8.5', 'ol', '8.5'],
    ['etc/fedora-release', 'Fedora release 38 (Thirty Eight)', 'fedora', '38'],
    ['etc/system-release', 'Amazon Linux release 2 (Karoo)', 'amzn', '2'],
    ['etc/system-release', 'Amazon Linux AMI release 2018.03', 'amzn', '2018.03'],
    ['etc/redhat-release', 'Scientific Linux release 7.9 (Nitrogen)', 'scientific', '7.9'],
    ['etc/mariner-release', 'CBL-Mariner 2.0.20220426\nMARINER_BUILD_NUMBER=0000000', 'mariner', '2.0'],
    ['etc/azurelinux-release', 'Microsoft Azure Linux 3.0.20241005', 'azurelinux', '3.0'],
    ['etc/photon-release', 'VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1526e30ba', 'photon', '4.0'],
    ['etc/SuSE-release', 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4', 'sles', '11.4'],
    ['etc/SuSE-release', 'openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin', 'opensuse', '13.2'],
    ['etc/alpine-release', '3.18.9\n', 'alpine', '3.18.9'],
    ['etc/alpine-release', '3.21.0_alpha20240923', 'alpine', '3.21.0_alpha20240923'],
    ['etc/alpine-release', 'wolfi', undefined, undefined],
    ['etc/debian_version', '12.5\n', 'debian', '12'],
    ['etc/debian_version', 'trixie/sid', 'debian', undefined],
    ['etc/debian_version', 'kali-rolling', undefined, undefined],
    ['etc/redhat-release', 'Somebody Else Linux release 1.0', undefined, undefined],
  ])('falls back to %s: %j', (file, text, id, versionId) => {
    const { os, damage } = osRelease.analyze({ path: file, content: Buffer.from(text) });
    expect([os?.id, os?.versionId, damage]).toEqual([id, versionId, undefined]);
  });

  it('prefers os-release to any other file', () => {
    expect(osReleasePaths.slice(0, 2)).toEqual(['etc/os-release', 'usr/lib/os-release']);
  });

  it('reads a rolling release, which has no VERSION_ID', () => {
    expect(read('ID=arch\nVERSION_ID=\n')).toEqual({ id: 'arch', name: 'arch', idLike: [] });
  });

  it.each([
    '',
    'NAME=x\n',
    'ID=\n',
    'ID="two words"\n',
    'ID=..\n',
    `ID=${'a'.repeat(5_000)}\n`,
    'ID=debian\nVERSION_ID="12; rm"\n',
  ])('rejects %.30j instead of guessing', (content) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  it('removes control characters from the name', () => {
    expect(read(`ID=a\nPRETTY_NAME="x\u001b[2J\u0007${'y'.repeat(3_000)}"`)?.name).toMatch(/^x \[2J y{1000,}$/);
  });
});
