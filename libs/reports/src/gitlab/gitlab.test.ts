import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';

import { emptyReport, hostileReport, malwareReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { gitlab } from './gitlab.js';

// container-scanning-report-format.json 15.0.7 of GitLab's security-report-schemas (MIT),
// transcribed without its annotations and without `details`, `tracking` and `remediations`, which
// we do not write.
const schema = JSON.parse(
  readFileSync(join(__dirname, 'fixtures/container-scanning-15.0.7.schema.json'), 'utf8'),
) as object;
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

interface GitlabReport {
  scan: { start_time: string; end_time: string; messages: { level: string; value: string }[] };
  vulnerabilities: {
    id: string;
    severity: string;
    solution?: string;
    identifiers: object[];
    cvss_vectors?: object[];
  }[];
}

const render = (report: Report) => gitlab.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });
const reportOf = (report: Report) => JSON.parse(render(report)) as GitlabReport;
const hostile = ['', '\uD800"\n', 'x'.repeat(20_000), 'CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'];

describe('gitlab', () => {
  it.each([sampleReport, emptyReport, unknownReport, malwareReport, ...hostile.map(hostileReport)])(
    'writes report %# by the official schema',
    (report) => {
      validate(reportOf(report));
      expect(validate.errors).toBeNull();
    },
  );

  it('is validated by a schema that rejects errors', () => {
    const report = reportOf(sampleReport);
    expect(validate({ ...report, vulnerabilities: [{ ...report.vulnerabilities[0], identifiers: [] }] })).toBe(false);
  });

  it('lists the vulnerabilities of visible packages, with remedies', () => {
    const { vulnerabilities } = reportOf(sampleReport);
    expect(vulnerabilities).toHaveLength(6);
    expect(vulnerabilities[0]).toMatchObject({
      severity: 'Critical',
      solution: 'upgrade openssl 3.0.15-1~deb12u1 to 3.0.17-1~deb12u2',
      identifiers: [
        { type: 'cve', name: 'CVE-2025-1111', url: 'https://nvd.nist.gov/vuln/detail/CVE-2025-1111' },
        { type: 'dsa', name: 'DSA-5999-1' },
        { type: 'ghsa', name: 'GHSA-aaaa-bbbb-cccc', url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc' },
      ],
      cvss_vectors: [{ vendor: 'unknown', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
      location: {
        dependency: { package: { name: 'openssl' }, version: '3.0.15-1~deb12u1' },
        operating_system: 'debian:12',
        image: 'registry.example.com/shop/api:1.4.2',
      },
    });
  });

  it('lists packages that advisories call malware', () => {
    const { vulnerabilities, scan } = reportOf(malwareReport);
    expect(vulnerabilities).toMatchObject([
      {
        severity: 'Critical',
        identifiers: [{ type: 'mal', name: 'MAL-2025-7777' }],
        location: { dependency: { package: { name: 'leftpad' }, version: '1.0.0' } },
      },
    ]);
    expect(scan.messages[0]!.value).toMatch(/^1 finding of other kinds/);
  });

  it('gives each vulnerability a unique id', () => {
    const ids = reportOf(sampleReport).vulnerabilities.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('counts findings that the format cannot express, and unread content', () => {
    expect(reportOf(sampleReport).scan).toMatchObject({
      start_time: '2026-11-25T10:00:00',
      end_time: '2026-11-25T10:00:01',
      messages: [
        {
          level: 'info',
          value: '8 findings of other kinds, or in lower layers only, cannot be expressed in this format',
        },
        { level: 'info', value: 'fail: 9 findings are high or worse' },
        { level: 'warn', value: 'MALFORMED_FILE: usr/lib/jvm/broken.jar: not a zip archive' },
        { level: 'warn', value: 'LIMIT_EXCEEDED: more than 1000 warnings' },
      ],
    });
  });
});
