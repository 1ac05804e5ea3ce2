import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

import { emptyReport, hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report, ReportFinding } from '../report.js';
import { sarif } from './sarif.js';

// The schema of SARIF 2.1.0 (OASIS) from @microsoft/jest-sarif 1.0.0-beta.0 (MIT), without its
// annotations.
const {
  $schema: _draft4,
  id: _id,
  ...schema
} = JSON.parse(readFileSync(join(__dirname, 'fixtures/sarif-2.1.0.schema.json'), 'utf8')) as Record<string, unknown>;
const ajv = new Ajv({ allErrors: false, strict: false, unicodeRegExp: false });
addFormats.default(ajv);
const validate = ajv.compile(schema);

interface Result {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: { text: string };
  locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
  partialFingerprints: { primaryLocationLineHash: string };
}

interface Run {
  tool: { driver: { rules: { id: string; properties?: Record<string, unknown> }[] } };
  automationDetails: { id: string };
  invocations: { toolExecutionNotifications: { message: { text: string } }[] }[];
  results: Result[];
}

const render = (report: Report) => sarif.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });
const logOf = (report: Report) => JSON.parse(render(report)) as { runs: [Run] };
const runOf = (report: Report) => logOf(report).runs[0];
const many = (count: number, known: Partial<ReportFinding> = {}): Report => ({
  ...sampleReport,
  findings: Array.from({ length: count }, (_, index) => ({
    ...sampleReport.findings[3]!,
    id: `CVE-${index}`,
    ...known,
  })),
});

describe('sarif', () => {
  it.each(
    Object.entries({
      sampleReport,
      emptyReport,
      unknownReport,
      hostileReport: hostileReport('\uD800:/"\n'),
    }),
  )('writes %s by the official schema', (_name, report) => {
    validate(logOf(report));
    expect(validate.errors).toBeNull();
  });

  it('writes a truncated report by the official schema', () => {
    const findings = many(5001).findings.map((finding) => ({ ...finding, id: 'CVE-1' }));
    const { runs, ...log } = logOf({ ...sampleReport, findings });
    // The schema requires unique results, and ajv compares each with each.
    validate({ ...log, runs: runs.map((run) => ({ ...run, results: run.results.slice(0, 2) })) });
    expect(validate.errors).toBeNull();
  });

  it('is validated by a schema that rejects errors', () => {
    expect(validate({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false);
  });

  it('writes a rule for each id and a result for each finding, worst first', () => {
    const { tool, results } = runOf(sampleReport);
    expect(results).toHaveLength(sampleReport.findings.length);
    expect(results[0]).toMatchObject({ ruleId: 'CVE-2025-1111', level: 'error' });
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
    const ids = tool.driver.rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    ['critical', 9.8, '9.8', 'error'],
    ['critical', 7.5, '9.1', 'error'],
    ['high', null, '8.0', 'error'],
    ['medium', 9.8, '6.9', 'warning'],
    ['low', null, '2.0', 'note'],
    ['negligible', 5, '0.1', 'note'],
    ['unknown', 5, undefined, 'warning'],
  ] as const)('writes %s with a CVSS score of %j, which GitHub displays as %s', (severity, score, shown, level) => {
    const cvss = score === null ? null : { vector: 'CVSS:3.1/AV:N', score };
    const { tool, results } = runOf(many(1, { severity, cvss }));
    expect(tool.driver.rules[0]!.properties?.['security-severity']).toBe(shown);
    expect(results[0]!.level).toBe(level);
  });

  it.each([
    ['app/.env', 'app/.env'],
    ['a b/ü#?.txt', 'a%20b/%C3%BC%23%3F.txt'],
    ['c:/windows', 'c%3A/windows'],
    ['', 'image'],
    ['\uD800', '%EF%BF%BD'],
  ])('writes the path %j as the URI %j', (path, uri) => {
    const { physicalLocation } = runOf(many(1, { path })).results[0]!.locations[0]!;
    expect(physicalLocation.artifactLocation.uri).toBe(uri);
  });

  it('refers to the line of a secret, or to the image without a file', () => {
    const { results } = runOf(sampleReport);
    const place = (ruleId: string) => results.find((each) => each.ruleId === ruleId)!.locations[0]!.physicalLocation;
    expect(place('secret/aws-access-key-id')).toEqual({
      artifactLocation: { uri: 'app/.env' },
      region: { startLine: 3 },
    });
    expect(place('misconfiguration/image-root-user').artifactLocation.uri).toBe(
      'registry.example.com/shop/api%3A1.4.2',
    );
  });

  it('preserves the fingerprint across scans', () => {
    expect(runOf(sampleReport).results[0]!.partialFingerprints.primaryLocationLineHash).toBe('CVE-2025-1111-openssl');
  });

  it.each([
    ['registry.example.com:5000/shop/api:1.4.2', 'tidewaiter/registry.example.com:5000/shop/api/'],
    [`shop/api@sha256:${'a'.repeat(64)}`, 'tidewaiter/shop/api/'],
    ['', 'tidewaiter/image/'],
  ])('separates the results of %s from those of other images', (reference, id) => {
    const target = { ...sampleReport.target, reference };
    expect(runOf({ ...sampleReport, target }).automationDetails.id).toBe(id);
  });

  it('notes omitted information', () => {
    expect(runOf(many(5000)).results).toHaveLength(5000);
    const { results, invocations } = runOf(many(5001));
    expect(results).toHaveLength(5002);
    expect(results[0]).toMatchObject({ ruleId: 'tidewaiter-truncated', level: 'note' });
    expect(invocations[0]!.toolExecutionNotifications[0]!.message.text).toContain('this image has 5,001 findings');
  });

  it('limits results to 25,000 and keeps the worst', () => {
    const report = many(30_000);
    const worst = { ...report.findings[0]!, id: 'CVE-worst', severity: 'critical' as const };
    const { results } = runOf({ ...report, findings: [...report.findings, worst] });
    expect(results).toHaveLength(25_000);
    expect(results[0]!.message.text).toContain('This file holds the worst 24,999 of them.');
    expect(results[1]!.ruleId).toBe('CVE-worst');
  });
});
