import type { PackageRecord } from '@tidewaiter/domain';

import { programIdentities } from './program-identities.js';
import { programOf, programVersion } from './programs.js';

const packageOf = (more: Partial<PackageRecord>): PackageRecord => ({
  ...{ type: 'generic', name: 'nginx', version: '1.25.3', licenses: [], foundIn: 'usr/sbin/nginx' },
  source: { name: 'nginx', version: '1.25.3' },
  ...more,
});

describe('programIdentities', () => {
  it('gives each name, CPE and name of Bitnami to one program', () => {
    for (const keysOf of [
      ({ name, aliases }) => [name, ...aliases],
      ({ cpes }) => cpes,
      ({ reportedAs = [] }) => reportedAs,
      ({ bitnami }) => (bitnami === undefined ? [] : [bitnami]),
    ] satisfies ((identity: (typeof programIdentities)[number]) => readonly string[])[]) {
      const keys = programIdentities.flatMap(keysOf);
      expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    }
  });

  it('has a CPE for each program, or the reason why there is none', () => {
    expect(programIdentities.filter(({ cpes, unlisted }) => (cpes.length === 0) !== (unlisted !== undefined))).toEqual(
      [],
    );
  });

  it('writes CPEs as NVD does, without escapes', () => {
    const cpes = programIdentities.flatMap(({ cpes, reportedAs = [] }) => [...cpes, ...reportedAs]);
    expect(cpes.filter((cpe) => !/^[a-z0-9_./-]+:[a-z0-9_./-]+$/.test(cpe))).toEqual([]);
  });
});

describe('programOf', () => {
  it.each<[string, Partial<PackageRecord>, string | undefined]>([
    ['a program that was found in its bytes', {}, 'nginx'],
    ['a program of an SBOM under another name', { name: 'NodeJS' }, 'node'],
    ['an unknown program', { name: 'frobnicate' }, undefined],
    ['a gem of the name', { type: 'gem', name: 'redis' }, undefined],
    ['an npm package of the name', { type: 'npm', name: 'php' }, undefined],
    ['a package of the distribution', { type: 'deb' }, undefined],
    ['the package of the project', { type: 'deb', isThirdParty: true }, 'nginx'],
    [
      'a package of PostgreSQL with its major version',
      { type: 'deb', name: 'postgresql-16', isThirdParty: true },
      'postgresql',
    ],
    ['an RPM of PostgreSQL', { type: 'rpm', name: 'postgresql16-server', isThirdParty: true }, 'postgresql'],
    ['a module of the project', { type: 'deb', name: 'nginx-module-njs', isThirdParty: true }, undefined],
  ])('reads %s', (_, more, expected) => {
    expect(programOf(packageOf(more))?.name).toBe(expected);
  });
});

describe('programVersion', () => {
  it.each([
    ['deb', 'nginx', '1.25.3-1~bookworm', '1.25.3'],
    ['deb', 'postgresql-16', '16.1-1.pgdg120+1', '16.1'],
    ['deb', 'nodejs', '18.19.0-1nodesource1', '18.19.0'],
    ['deb', 'redis-server', '6:7.2.4-1rl1~jammy1', '7.2.4'],
    ['deb', 'mariadb-server', '1:10.11.6+maria~deb12', '10.11.6'],
    ['deb', 'nginx', '1.27.0~rc1-1', '1.27.0~rc1'],
    ['rpm', 'nginx', '1:1.25.3-1.el9.ngx', '1.25.3'],
    ['generic', 'openjdk', '8u312', '1.8.0_312'],
    ['generic', 'openjdk', '1.8.0_312-b07', '1.8.0_312'],
    ['generic', 'openjdk', '17.0.9', '17.0.9'],
    ['generic', 'openssh', '7.2p2', '7.2p2'],
  ] as const)('of the %s %s %s', (type, name, version, expected) => {
    const pkg = packageOf({ type, name, version, ...(type !== 'generic' && { isThirdParty: true }) });
    expect(programVersion(pkg, programOf(pkg)!)).toBe(expected);
  });
});
