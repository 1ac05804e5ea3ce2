import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

import { emptyReport, hostileReport, malwareReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { cyclonedx } from './cyclonedx.js';

// The official schemas (Apache-2.0) of @cyclonedx/cyclonedx-library 10.3.0, without their
// annotations.
const fixture = (name: string): object => JSON.parse(readFileSync(join(__dirname, 'fixtures', name), 'utf8')) as object;
const ajv = new Ajv({ allErrors: false, strict: false });
addFormats.default(ajv);
ajv.addFormat('iri-reference', true);
ajv.addFormat('idn-email', true);
ajv.addSchema(fixture('spdx.schema.json'), 'http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json');
ajv.addSchema(fixture('jsf-0.82.schema.json'), 'http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json');
const validate = ajv.compile(fixture('bom-1.6.schema.json'));

interface Bom {
  serialNumber: string;
  metadata: { component: object };
  components: { 'bom-ref': string; name: string; licenses?: object[]; type: string }[];
  dependencies: { dependsOn: string[] }[];
  compositions: { aggregate: string }[];
  vulnerabilities: { id: string; affects: { ref: string }[]; ratings: object[]; recommendation?: string }[];
}

const render = (report: Report) => cyclonedx.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });
const bomOf = (report: Report) => JSON.parse(render(report)) as Bom;

describe('cyclonedx', () => {
  it.each(
    Object.entries({
      sampleReport,
      emptyReport,
      unknownReport,
      malwareReport,
      hostileReport: hostileReport('\uD800"\n'),
    }),
  )('writes %s by the official schema', (_name, report) => {
    validate(bomOf(report));
    expect(validate.errors).toBeNull();
  });

  it('is validated by a schema that rejects errors', () => {
    expect(validate({ ...bomOf(sampleReport), components: [{ type: 'thing', name: 'x' }] })).toBe(false);
    const licenses = [{ license: { id: 'no such license' } }];
    expect(validate({ ...bomOf(sampleReport), components: [{ type: 'library', name: 'x', licenses }] })).toBe(false);
  });

  it('lists the operating system and the visible packages', () => {
    expect(bomOf(sampleReport).components.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'operating-system debian',
      'library libssl3',
      'library linux-libc-dev',
      'library openssl',
      'library zlib1g',
      'library core',
      'library express',
      'library leftpad',
      'library slf4j-api',
    ]);
  });

  it('distinguishes identifiers, expressions and names of licenses', () => {
    const licenses = new Map(bomOf(sampleReport).components.map(({ name, licenses }) => [name, licenses]));
    expect(licenses.get('core')).toEqual([{ license: { id: 'MIT' } }]);
    expect(licenses.get('express')).toEqual([{ expression: '(MIT OR Apache-2.0)' }]);
    expect(licenses.get('leftpad')).toEqual([
      { license: { name: 'see COPYING' } },
      { license: { id: 'GPL-2.0-only' } },
    ]);
    expect(licenses.get('openssl')).toBeUndefined();
  });

  it('records the origin of each component', () => {
    const openssl = bomOf(sampleReport).components.find(({ name }) => name === 'libssl3');
    expect(openssl).toMatchObject({
      purl: 'pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12',
      properties: [
        { name: 'tidewaiter:type', value: 'deb' },
        { name: 'tidewaiter:arch', value: 'amd64' },
        { name: 'tidewaiter:source', value: 'openssl 3.0.15-1~deb12u1' },
        { name: 'tidewaiter:path', value: 'var/lib/dpkg/status' },
        { name: 'tidewaiter:layer', value: '0' },
        { name: 'tidewaiter:state', value: 'present' },
      ],
    });
  });

  it('lists each vulnerability once, with everything that it affects', () => {
    const { vulnerabilities } = bomOf(sampleReport);
    expect(vulnerabilities.map(({ id, affects }) => [id, affects.length])).toEqual([
      ['CVE-2025-1111', 2],
      ['CVE-2025-2222', 1],
      ['CVE-2024-3333', 1],
      ['CVE-2023-45853', 1],
      ['CVE-2024-4444', 1],
    ]);
    expect(vulnerabilities[0]).toMatchObject({
      references: [
        { id: 'DSA-5999-1', source: { name: 'DSA' } },
        { id: 'GHSA-aaaa-bbbb-cccc', source: { name: 'GHSA' } },
      ],
      ratings: [{ score: 9.8, severity: 'critical', method: 'CVSSv31' }, { severity: 'critical' }],
      properties: [
        { name: 'tidewaiter:kev', value: 'true' },
        { name: 'tidewaiter:epss', value: '0.91' },
      ],
    });
  });

  it('lists packages that advisories call malware', () => {
    const { components, vulnerabilities } = bomOf(malwareReport);
    const ref = components.find(({ name }) => name === 'leftpad')!['bom-ref'];
    expect(vulnerabilities).toMatchObject([
      { id: 'MAL-2025-7777', affects: [{ ref, versions: [{ version: '1.0.0', status: 'affected' }] }] },
    ]);
  });

  it('has unique references to existing components', () => {
    const twice = { ...sampleReport, packages: [...sampleReport.packages, ...sampleReport.packages] };
    const { components, dependencies, vulnerabilities } = bomOf(twice);
    const references = components.map((each) => each['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    expect(dependencies[0]!.dependsOn).toEqual(references);
    for (const { ref } of vulnerabilities.flatMap(({ affects }) => affects)) expect(references).toContain(ref);
    expect(vulnerabilities[0]!.affects).toHaveLength(4);
  });

  it('is marked incomplete if something was not read', () => {
    expect(bomOf(sampleReport).compositions[0]!.aggregate).toBe('incomplete');
    expect(bomOf(emptyReport).compositions[0]!.aggregate).toBe('complete');
  });

  it('changes its serial number with the content', () => {
    const other = bomOf({ ...sampleReport, packages: sampleReport.packages.slice(1) });
    expect(other.serialNumber).not.toBe(bomOf(sampleReport).serialNumber);
  });

  it('keeps its serial number for the same content at another time', () => {
    const later = {
      ...sampleReport,
      stats: { ...sampleReport.stats, startedAt: '2027-01-01T00:00:00Z', durationMs: 1 },
    };
    expect(bomOf(later).serialNumber).toBe(bomOf(sampleReport).serialNumber);
  });
});
