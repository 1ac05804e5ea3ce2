import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { emptyReport, hostileReport, sampleReport, unknownReport } from '../samples/sample-report.js';
import { reportFormats } from './index.js';
import type { RenderOptions } from './report.js';

const options: RenderOptions = { width: 100, isColored: false, toolVersion: '0.1.0' };
const folders = readdirSync(__dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Characters that move the cursor, change the text direction, or are invalid. */
const harmful = /(?![\n\r\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

const hostileTexts = [
  '\u001B[2J\u001B]0;owned\u0007',
  '\u0000\u0008\u007F\u009B31m',
  'admin\u202Egnp.exe\u2066',
  '<script>alert(1)</script>',
  ']]><!--',
  '\r\n\r\n::error::owned',
  '=cmd|"/C calc"!A0',
  '@SUM(1+1)\t-2',
  `x${'y'.repeat(9999)}`,
  '\uD800lone\uDFFF',
  '| a | `b` | [c](javascript:alert(1)) ![d](http://e)',
  '__proto__',
  '../../etc/passwd',
  '&amp;&#60;%00%2e',
  '漢字と😀\u0301\uFE0F',
  '\uFFFE\uFFFF\u{10FFFF}',
  '$& $1 {{x}} ${y}',
  'CVSS:3.1/AV:Z',
  '',
  ' ',
];

describe('reportFormats', () => {
  it('lists the format of every folder', () => {
    expect(reportFormats.map(({ name }) => name)).toEqual(
      'table json cyclonedx spdx openvex sarif junit github gitlab csv'.split(' '),
    );
    expect(reportFormats.map(({ name }) => name).toSorted()).toEqual(folders.toSorted());
  });

  it.each(folders)('%s has a test file', (name) => {
    expect(readdirSync(join(__dirname, name))).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]));
  });

  describe.each(reportFormats)('report format $name', (format) => {
    it.each(Object.entries({ sampleReport, emptyReport, unknownReport }))(
      'writes %s, the same each time',
      (_name, report) => {
        const text = format.render(report, options);
        expect(text).toMatch(/\n$/);
        expect(format.render(structuredClone(report), options)).toBe(text);
      },
    );

    it.each(hostileTexts)('makes %j harmless', (text) => {
      const rendered = format.render(hostileReport(text), options);
      expect(rendered).not.toMatch(harmful);
      expect(rendered.isWellFormed()).toBe(true);
    });

    it('makes any text harmless', () => {
      fc.assert(
        fc.property(
          fc.string({ unit: anyCharacter, maxLength: 40 }),
          fc.integer({ min: 0, max: 300 }),
          (text, width) => {
            expect(format.render(hostileReport(text), { ...options, width })).not.toMatch(harmful);
          },
        ),
        { numRuns: 50 },
      );
    });

    it('does not change the report', () => {
      const report = structuredClone(sampleReport);
      format.render(report, options);
      expect(report).toEqual(sampleReport);
    });

    it('writes a report of 50,000 findings in seconds', () => {
      const findings = Array.from({ length: 50_000 }, (_, index) => ({
        ...sampleReport.findings[index % sampleReport.findings.length]!,
        id: `CVE-2025-${10_000 + index}`,
      }));
      expect(format.render({ ...sampleReport, findings }, options).length).toBeGreaterThan(0);
    });
  });
});
