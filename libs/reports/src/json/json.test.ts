import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { emptyReport, hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { json } from './json.js';

const schema: object = JSON.parse(readFileSync(join(__dirname, '../../../../docs/report.schema.json'), 'utf8'));
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(schema);

const render = (report: Report) => json.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });

describe('json', () => {
  it.each(Object.entries({ sampleReport, emptyReport, unknownReport, hostileReport: hostileReport('\uD800"\n') }))(
    'writes %s by docs/report.schema.json',
    (_name, report) => {
      validate(JSON.parse(render(report)));
      expect(validate.errors).toBeNull();
    },
  );

  it.each([
    ['a severity that is none', { severity: 'bad' }],
    ['a layer before the first', { layer: -1 }],
    ['no fingerprint', { fingerprint: undefined }],
  ])('has a schema that rejects %s', (_what, wrong) => {
    const report = {
      ...sampleReport,
      findings: [{ ...sampleReport.findings[0]!, ...wrong } as Report['findings'][number]],
    };
    expect(validate(JSON.parse(render(report)))).toBe(false);
  });

  it('has a schema that accepts new fields', () => {
    const report = JSON.parse(render(sampleReport)) as object;
    expect(validate({ ...report, comingSoon: true })).toBe(true);
  });

  it('contains the whole report', () => {
    expect(JSON.parse(render(sampleReport))).toEqual(sampleReport);
  });

  it('writes fields in a fixed order', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, each]) => [key, reversed(each)]),
      );
    };
    expect(render(reversed(sampleReport) as Report)).toBe(render(sampleReport));
    expect(Object.keys(JSON.parse(render(sampleReport)) as object)[0]).toBe('schemaVersion');
  });

  it('escapes misleading characters and preserves them', () => {
    const report = { ...emptyReport, target: { ...emptyReport.target, reference: 'a\u202Eb\u{E0041}' } };
    expect(render(report)).toContain('a\\u202eb\\udb40\\udc41');
    expect(JSON.parse(render(report))).toEqual(report);
  });

  it('preserves a field with the name __proto__', () => {
    const evidence = JSON.parse('{"__proto__": {"x": 1}}') as Record<string, unknown>;
    const text = render({ ...sampleReport, findings: [{ ...sampleReport.findings[0]!, evidence }] });
    expect(text).toContain('"__proto__": {');
  });
});
