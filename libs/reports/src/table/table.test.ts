import { stripVTControlCharacters } from 'node:util';

import { emptyReport, hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { widthOf } from '../width.js';
import { table } from './table.js';

const plain = { isColored: false, toolVersion: '0.1.0' };
const render = (report: Report, width = 120) => table.render(report, { ...plain, width });
const linesOf = (text: string) => text.trimEnd().split('\n');

describe('table', () => {
  it('counts suppressed and hidden findings', () => {
    const lines = render(sampleReport).split('\n');
    expect(lines.at(-3)).toBe('2 findings suppressed: 1 by VEX, 1 by ignore files');
    expect(render({ ...sampleReport, suppressed: [] })).not.toContain('suppressed');
  });

  it('begins with the upgrade that fixes most findings', () => {
    const lines = linesOf(render(sampleReport));
    const upgrades = lines.indexOf('Upgrades (4 findings)');
    expect(lines.slice(upgrades + 1, upgrades + 6)).toEqual([
      '  critical    upgrade openssl 3.0.15-1~deb12u1 -> 3.0.17-1~deb12u2: 3 findings, worst critical, 2 exploited',
      '              CVE-2025-1111, CVE-2025-2222',
      '              in libssl3, openssl',
      '  medium      upgrade express 4.17.1 -> 4.19.2: 1 finding',
      '              CVE-2024-3333: Open redirect with malformed URLs',
    ]);
  });

  it('locates a secret, names the layer that deletes it, and prints only its mask', () => {
    expect(render(sampleReport)).toContain(`  high        private-key: Private key
              root/.ssh/id_ed25519:1, layer 1, deleted in layer 2, -----BEGIN OPENSSH PRIVATE KEY-----****
`);
  });

  it('orders its sections by urgency', () => {
    const titles = linesOf(render(sampleReport)).filter((line) => /^[A-Z].*\(\d/.test(line));
    expect(titles).toEqual([
      'Upgrades (4 findings)',
      'Without a fix (2 findings)',
      'Secrets (3)',
      'Integrity, malware and supply chain (2)',
      'Misconfiguration (2)',
      'In lower layers only (1 finding)',
      'Warnings (2)',
    ]);
  });

  it.each([
    [sampleReport, 'fail: 9 findings are high or worse'],
    [emptyReport, 'pass'],
    [unknownReport, 'unknown: no advisories were given: packages were not evaluated (and 1 more reason)'],
  ])('ends with the verdict', (report, verdict) => {
    expect(linesOf(render(report)).at(-1)).toBe(verdict);
  });

  it('dates each of several sources of advisories, oldest first', () => {
    expect(linesOf(render(sampleReport))).toContain('data: Debian 2026-11-24, KEV 2026-11-25');
    expect(render(emptyReport)).not.toContain('data:');
  });

  it('lists the scanned parts without findings', () => {
    expect(linesOf(render(unknownReport))).toContain(
      'nothing found in 8 packages and 8,917 files in 3 layers, advisories of 2026-11-24',
    );
    expect(linesOf(render(emptyReport))).toHaveLength(6);
    const target = { ...emptyReport.target, reference: 'dockerfile:Dockerfile' };
    expect(linesOf(render({ ...emptyReport, target }))).toContain('nothing found in its configuration');
  });

  it.each([40, 60, 72, 100, 200])('wraps at %i columns without breaking an id', (width) => {
    const text = render(sampleReport, width);
    for (const line of linesOf(text)) expect(widthOf(line)).toBeLessThanOrEqual(width);
    for (const { id } of sampleReport.findings) expect(text).toMatch(new RegExp(`(^|\\s)${id}([,:\\s]|$)`, 'm'));
  });

  it.each([0, 39, 1000, Number.NaN, Number.POSITIVE_INFINITY])('fits a terminal of %d columns', (width) => {
    for (const line of linesOf(render(sampleReport, width))) expect(widthOf(line)).toBeLessThanOrEqual(200);
  });

  it('does not break an id that is too long', () => {
    const id = `CVE-2025-${'1'.repeat(60)}`;
    const findings = [{ ...sampleReport.findings[0]!, id }];
    expect(render({ ...sampleReport, findings }, 40)).toContain(id);
  });

  it('counts wide characters as two columns', () => {
    for (const line of linesOf(render(hostileReport('漢字 '.repeat(60)), 60)))
      expect(widthOf(line)).toBeLessThanOrEqual(60);
  });

  it('uses colors only if allowed', () => {
    const colored = table.render(sampleReport, { ...plain, width: 100, isColored: true });
    expect(colored).toContain('\u001B[1;31mcritical\u001B[0m');
    expect(stripVTControlCharacters(colored)).toBe(render(sampleReport, 100));
  });

  it('limits entries of a kind to a hundred and counts the rest', () => {
    const secrets = sampleReport.findings.filter(({ kind }) => kind === 'secret');
    const findings = Array.from({ length: 150 }, (_, index) => ({ ...secrets[0]!, id: `rule-${index}` }));
    const text = render({ ...sampleReport, findings });
    expect(text).toContain('Secrets (150)');
    expect(text.match(/rule-\d/g)).toHaveLength(100);
    expect(text).toContain('… and 50 more: -o json has them all');
  });

  it('lists packages as inventory', () => {
    const text = table.render(sampleReport, { ...plain, width: 100, isInventory: true });
    expect(text).toContain('\ndeb    openssl              3.0.15-1~deb12u1\n');
    expect(text).toContain('\nnpm    @babel/core          7.20.0            MIT\n');
    expect(text).not.toContain('wget');
    expect(text).toContain('MALFORMED_FILE');
    expect(text).not.toContain('fail:');
    expect(text).not.toContain('CVE-2025-1111');
  });
});
