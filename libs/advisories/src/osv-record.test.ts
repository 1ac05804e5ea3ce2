import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { readOsvRecord } from './osv-record.js';

const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
const modified = '2024-03-29T17:12:45Z';
const openRange = { type: 'ECOSYSTEM', events: [{ introduced: '0' }] };

function entry(parts: object = {}) {
  return { package: { ecosystem: 'Debian:12', name: 'xz-utils' }, ranges: [openRange], ...parts };
}

function record(parts: object = {}) {
  return { id: 'DSA-5649-1', modified, affected: [entry()], ...parts };
}

describe('readOsvRecord', () => {
  it('parses a record', () => {
    const ubuntu = {
      schema_version: '1.7.0',
      id: 'UBUNTU-CVE-2024-3094',
      modified,
      published: '2024-03-29T00:00:00Z',
      upstream: ['CVE-2024-3094'],
      details: '\nMalicious code was discovered\nin the upstream tarballs.',
      severity: [
        { type: 'CVSS_V3', score: vector },
        { type: 'Ubuntu', score: 'high' },
      ],
      affected: [
        {
          package: { ecosystem: 'Ubuntu:22.04:LTS', name: 'xz-utils', purl: 'pkg:deb/ubuntu/xz-utils' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '5.6.0-0.1' }, { fixed: '5.6.1+really5.4.5-1' }] }],
          versions: [],
          database_specific: { status: 'ignored', reason: 'end of life' },
        },
      ],
    };
    expect(readOsvRecord(ubuntu)).toEqual({
      id: 'UBUNTU-CVE-2024-3094',
      vulnerabilityId: 'CVE-2024-3094',
      aliases: ['CVE-2024-3094'],
      modified,
      published: '2024-03-29T00:00:00Z',
      withdrawn: null,
      title: 'Malicious code was discovered',
      severity: 'high',
      cvss: { vector, score: 9.8 },
      affected: [
        {
          ecosystem: 'Ubuntu',
          release: '22.04:LTS',
          name: 'xz-utils',
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '5.6.0-0.1' }, { fixed: '5.6.1+really5.4.5-1' }] }],
          versions: [],
          severity: null,
          unfixed: 'wont-fix',
          isIncomplete: false,
        },
      ],
      dropped: [],
    });
  });

  it.each([
    ['0001-01-01T00:00:00Z', null],
    ['2024-03-29T00:00:00Z', '2024-03-29T00:00:00Z'],
  ])('parses the time of publication %s as %s', (published, expected) => {
    expect(readOsvRecord(record({ published })).published).toBe(expected);
  });

  it.each([
    [null],
    ['DSA-5649-1'],
    [[]],
    [{}],
    [record({ id: undefined })],
    [record({ id: '' })],
    [record({ id: 'X'.repeat(501) })],
    [record({ modified: undefined })],
    [record({ modified: 'yesterday' })],
    [record({ modified: '2024-13-45T00:00:00Z' })],
    [record({ affected: undefined })],
    [record({ affected: 'all' })],
  ])('rejects %j', (json) => {
    expect(() => readOsvRecord(json)).toThrow(expect.objectContaining({ code: 'OSV_RECORD' }));
  });

  it('accepts a withdrawal without affected packages', () => {
    const withdrawn = '2024-04-01T00:00:00Z';
    expect(readOsvRecord(record({ withdrawn, affected: undefined }))).toMatchObject({ withdrawn, affected: [] });
  });

  it.each([
    [{ aliases: ['CVE-2024-3094', 7] }, ['aliases[1]'], { aliases: ['CVE-2024-3094'] }],
    [{ aliases: 'CVE-2024-3094' }, ['aliases'], { aliases: [] }],
    [{ aliases: null, upstream: null, severity: null }, [], { aliases: [] }],
    [{ severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }] }, ['severity[0]'], { cvss: null, severity: 'unknown' }],
    [{ severity: [null, { type: 'CVSS_V3', score: vector }] }, ['severity[0]'], { severity: 'critical' }],
    [{ aliases: ['CVE-2024-3094\0', 'a\ud800'] }, ['aliases[0]', 'aliases[1]'], { aliases: [] }],
    [{ summary: 'a\0b\ud800' }, [], { title: 'ab\ufffd' }],
    [{ withdrawn: 'perhaps' }, [], { withdrawn: null }],
    [{ summary: 7, details: 'Text' }, [], { title: 'Text' }],
    [{ references: [{ type: 'WEB', url: 'not a URI' }] }, [], { title: 'DSA-5649-1' }],
    [{ affected: [null, entry()] }, ['affected[0]'], { affected: [expect.objectContaining({ name: 'xz-utils' })] }],
    [{ affected: [entry({ package: { ecosystem: 'Debian:12' } })] }, ['affected[0]'], { affected: [] }],
    [{ affected: [{ ranges: [{ type: 'GIT', events: [] }] }] }, [], { affected: [] }],
  ])('keeps a record with %j', (parts, dropped, kept) => {
    expect(readOsvRecord(record(parts))).toMatchObject({ ...kept, dropped });
  });

  it.each([
    [{ ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: 7 }] }, openRange] }, [openRange]],
    [{ ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0', fixed: '1' }] }] }, []],
    [{ ranges: [{ type: 'ECOSYSTEM', events: [{ fixed: '1' }] }] }, []],
    [{ ranges: [{ type: 'FUZZY', events: [{ introduced: '0' }] }] }, []],
    [{ ranges: 'all' }, []],
    [{ versions: ['1.0', 7] }, [openRange]],
    [{ versions: '1.0' }, [openRange]],
  ])('marks an entry with %j as incomplete', (parts, ranges) => {
    const { affected, dropped } = readOsvRecord(record({ affected: [entry(parts)] }));
    expect(affected).toEqual([expect.objectContaining({ ranges, isIncomplete: true })]);
    expect(dropped).toHaveLength(1);
  });

  it('skips commits', () => {
    const git = { type: 'GIT', repo: 'https://example.org/xz', events: [{ introduced: '0' }, { fixed: 'abc.' }] };
    const { affected, dropped } = readOsvRecord(record({ affected: [entry({ ranges: [git, openRange] })] }));
    expect(affected[0]).toMatchObject({ ranges: [openRange], isIncomplete: false });
    expect(dropped).toEqual([]);
  });

  it.each([
    ['Debian:12', 'Debian', '12'],
    ['Alpine:v3.20', 'Alpine', 'v3.20'],
    ['Ubuntu:22.04:LTS', 'Ubuntu', '22.04:LTS'],
    ['Packagist:https://packages.drupal.org/8', 'Packagist', null],
    ['Unheard:of:1', 'Unheard', 'of:1'],
    ['Debian', 'Debian', null],
    ['Debian:', 'Debian', null],
  ])('splits %s', (qualified, ecosystem, release) => {
    const { affected } = readOsvRecord(record({ affected: [entry({ package: { ecosystem: qualified, name: 'a' } })] }));
    expect(affected[0]).toMatchObject({ ecosystem, release });
  });

  it.each([
    [{ ecosystem_specific: { urgency: 'unimportant' } }, 'negligible', 'wont-fix'],
    [{ database_specific: { nodsa_reason: 'ignored' } }, null, 'wont-fix'],
    [{ database_specific: { nodsa_reason: 'postponed' } }, null, 'not-fixed'],
    [{ ecosystem_specific: { urgency: 'end-of-life' } }, null, 'wont-fix'],
    [{ ecosystem_specific: { urgency: 7 }, database_specific: { severity: null } }, null, 'not-fixed'],
    [{ database_specific: { status: 'needed', severity: 'Important' } }, 'high', 'not-fixed'],
    [{ database_specific: { status: 'ignored' } }, null, 'wont-fix'],
    [{ ecosystem_specific: 'x', severity: [{ type: 'CVSS_V3', score: vector }] }, 'critical', 'not-fixed'],
  ])('parses source-specific data in %j', (parts, severity, unfixed) => {
    expect(readOsvRecord(record({ affected: [entry(parts)] })).affected[0]).toMatchObject({ severity, unfixed });
  });

  it.each([
    ['npm', '@babel/Core', ['@babel/Core']],
    ['PyPI', 'Ruamel.Yaml__clib', ['ruamel-yaml-clib']],
    ['NuGet', 'Newtonsoft.Json', ['newtonsoft.json']],
    ['Packagist', 'Guzzlehttp/PSR7', ['guzzlehttp/psr7']],
    ['SwiftURL', 'https://github.com/vapor/Vapor.git', ['github.com/vapor/vapor']],
    ['Go', 'github.com/Masterminds/goutils', ['github.com/Masterminds/goutils', 'github.com/masterminds/goutils']],
    ['Go', 'github.com/gorilla/mux', ['github.com/gorilla/mux']],
  ])('finds the entry about %s %s by %j', (ecosystem, name, names) => {
    const { affected } = readOsvRecord(record({ affected: [entry({ package: { ecosystem, name } })] }));
    expect(affected.map((each) => each.name)).toEqual(names);
  });

  it.each<[string, string, string | undefined]>([
    ['Moderate: nodejs:18 security update', '1:18.1-1.module_el8.7.0+1+2', 'nodejs:18'],
    ['new module: php:7.4', '7.4.1-1.module_el8.1.0+1+2', 'php:7.4'],
    ['mailman bug fix update', '3:2.1-1.module_el8.1.0+1+2', ''],
    ['Moderate: perl:5.26 security update', '5.26-1.el8', undefined],
  ])('reads the module of %j, fixed in %s', (summary, fixed, module) => {
    const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }];
    const alma = entry({ package: { ecosystem: 'AlmaLinux:8', name: 'a' }, ranges });
    expect(readOsvRecord(record({ summary, affected: [alma] })).affected[0]?.module).toBe(module);
  });

  it('reads the family and release of a hardened image', () => {
    const ecosystems = ['Alpine:3.24', 'Debian:13', 'Debian:trixie', 'Other:1'].map(
      (name) => `Docker Hardened Images:${name}`,
    );
    const affected = ecosystems.map((ecosystem) => entry({ package: { ecosystem, name: 'coreutils' } }));
    expect(readOsvRecord(record({ affected })).affected.map(({ ecosystem, release }) => [ecosystem, release])).toEqual([
      ['Docker Hardened Images:Alpine', '3.24'],
      ['Docker Hardened Images:Debian', '13'],
      ['Docker Hardened Images:Debian', '13'],
      ['Docker Hardened Images', 'Other:1'],
    ]);
  });

  it('reads the affected binaries and module, and informational records', () => {
    const suse = { package: { ecosystem: 'SUSE:Linux Enterprise Server 15 SP5', name: 'openssl' } };
    const binaries = { ecosystem_specific: { binaries: [{ libopenssl1_1: '1.1' }] } };
    const redHat = { package: { ecosystem: 'Red Hat:rhel_eus:9.4::appstream', name: 'npm' } };
    const rust = { package: { ecosystem: 'crates.io', name: 'old' } };
    const { affected } = readOsvRecord(
      record({
        affected: [
          entry({ ...suse, ...binaries }),
          entry({ ...redHat, ecosystem_specific: { rpmmod: 'nodejs:20' } }),
          entry({ ...rust, database_specific: { informational: 'unmaintained' } }),
        ],
      }),
    );
    expect(affected).toMatchObject([
      { release: '15 SP5', binaries: ['libopenssl1_1'] },
      { release: '9', stream: 'rhel_eus:9.4::appstream', module: 'nodejs:20' },
      { informational: 'unmaintained' },
    ]);
  });

  it('uses related CVEs only for updates of AlmaLinux', () => {
    const related = ['CVE-2024-1', 'CVE-2023-39326'];
    const alma = entry({ package: { ecosystem: 'AlmaLinux:9', name: 'podman' } });
    const summary = 'Moderate: podman security update';
    expect(readOsvRecord(record({ id: 'ALSA-2024:1', summary, related, affected: [alma] }))).toMatchObject({
      vulnerabilityId: 'CVE-2023-39326',
      severity: 'medium',
    });
    const go = entry({ package: { ecosystem: 'Go', name: 'example.com/a' } });
    expect(readOsvRecord(record({ id: 'GO-1', related, affected: [go] })).aliases).toEqual([]);
  });

  it('ignores an all-versions range of malware beside listed versions', () => {
    const all = { type: 'SEMVER', events: [{ introduced: '0' }] };
    const some = { type: 'SEMVER', events: [{ introduced: '4.1.1' }, { last_affected: '4.1.2' }] };
    const npm = { package: { ecosystem: 'npm', name: 'tinycolor' } };
    const read = (parts: object) =>
      readOsvRecord(record({ id: 'MAL-2025-1', affected: [entry({ ...npm, ...parts })] })).affected[0];
    expect(read({ ranges: [all, some] })).toMatchObject({ ranges: [some], isIncomplete: true });
    expect(read({ ranges: [all], versions: ['4.1.1'] })).toMatchObject({
      ranges: [],
      versions: ['4.1.1'],
      isIncomplete: true,
    });
    expect(read({ ranges: [all] })).toMatchObject({ ranges: [all], isIncomplete: false });
  });

  it('uses the worst severity of the packages for a record without one', () => {
    const affected = ['low', 'medium', 'not yet assigned'].map((urgency) => entry({ ecosystem_specific: { urgency } }));
    expect(readOsvRecord(record({ affected })).severity).toBe('medium');
  });

  it('keeps only versions that the ranges do not cover', () => {
    const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.0-1' }] }];
    const versions = ['1.0-1', '1.9-1', '2.0-1', 'odd one'];
    const read = (parts: object) =>
      readOsvRecord(record({ affected: [entry({ ranges, versions, ...parts })] })).affected[0];
    expect(read({})?.versions).toEqual(['2.0-1', 'odd one']);
    expect(read({ package: { ecosystem: 'Unheard-of', name: 'a' } })?.versions).toEqual(versions);
  });

  it('cuts a long title', () => {
    expect(readOsvRecord(record({ summary: 'x'.repeat(1_000) })).title).toBe(`${'x'.repeat(199)}…`);
  });

  it('names no more than 100 dropped parts', () => {
    expect(readOsvRecord(record({ aliases: Array.from({ length: 500 }, () => 7) })).dropped).toHaveLength(100);
  });

  it('parses or rejects any input, and returns plain JSON', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('0', '1', 'Debian:12'));
    const part = fc.record(
      {
        package: fc.oneof(odd, fc.constant({ ecosystem: 'Debian:12', name: 'a' })),
        ranges: fc.oneof(odd, fc.array(fc.record({ type: fc.constant('ECOSYSTEM'), events: fc.array(odd) }))),
        versions: fc.oneof(odd, fc.array(fc.string())),
        severity: odd,
        ecosystem_specific: odd,
        database_specific: odd,
      },
      { requiredKeys: [] },
    );
    const json = fc.record({
      id: fc.oneof(odd, fc.constant('X-1')),
      modified: fc.oneof(odd, fc.constant(modified)),
      affected: fc.oneof(odd, fc.array(part)),
      aliases: odd,
      upstream: odd,
      severity: odd,
      database_specific: odd,
      withdrawn: odd,
    });
    fc.assert(
      fc.property(json, (value) => {
        try {
          const advisory = readOsvRecord(value);
          expect(JSON.parse(JSON.stringify(advisory))).toEqual(advisory);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });

  it('also reads a record of Bitnami as one about the program that it packages', () => {
    const record = (name: string, fixed: string) =>
      readOsvRecord({
        id: 'BIT-1',
        modified: '2026-01-01T00:00:00Z',
        affected: [
          {
            package: { ecosystem: 'Bitnami', name },
            ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
          },
        ],
      }).affected.map(({ ecosystem, release, name: named, ranges }) => ({ ecosystem, release, named, ranges }));
    expect(record('apache', '2.4.50')).toMatchObject([
      { ecosystem: 'Bitnami', named: 'apache' },
      { ecosystem: 'Program', release: 'httpd', named: 'httpd' },
    ]);
    expect(record('java', '8.0.261')[1]?.ranges[0]?.events).toEqual([{ introduced: '0' }, { fixed: '1.8.0_261' }]);
    expect(record('wordpress', '6.0')).toHaveLength(1);
  });
});
