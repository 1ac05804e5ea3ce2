import { hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { github } from './github.js';

const render = (report: Report) => github.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });

describe('github', () => {
  it('begins with the verdict and the counts', () => {
    expect(render(sampleReport).split('\n').slice(0, 7)).toEqual([
      '## ❌ Tidewaiter: registry.example.com/shop/api:1.4.2',
      '',
      '**fail: 9 findings are high or worse**',
      '',
      '13 findings: 4 critical, 5 high, 2 medium, 1 low, 1 unknown; not counted: 1 removed in later layers; in 8 packages and 8,917 files in 3 layers, advisories of 2026-11-24.',
      '',
      'System: Debian GNU/Linux 12 &#40;bookworm&#41;, 8 packages: 4 deb, 3 npm, 1 maven.',
    ]);
  });

  it('writes a row for each upgrade', () => {
    expect(render(sampleReport)).toContain(`### Upgrades

| Severity | Package | Installed | Upgrade to | Findings | Ids |
| --- | --- | --- | --- | --- | --- |
| critical | openssl | 3.0.15-1&#126;deb12u1 | 3.0.17-1&#126;deb12u2 | 3, 2 exploited | CVE-2025-1111, CVE-2025-2222 |
`);
  });

  it('does not report unknown results as passed', () => {
    expect(render(unknownReport)).toMatch(/^## ⚠️ .*\n\n\*\*unknown: no advisories were given/);
  });

  it.each([
    '| a | b |',
    '`code` *bold* _it_ ~~gone~~',
    '[x](javascript:alert(1)) ![y](http://z)',
    '<script>alert(1)</script><!-- -->',
    'https://evil.example www.evil.example a@b.example',
    '@everyone #1 GH-1',
    '\\| \\` &#124; &lt;',
    '# head\n- item\n\n    code',
    '$x$ ${y}',
  ])('writes %j as plain text', (text) => {
    const rows = render(hostileReport(text))
      .split('\n')
      .filter((line) => line.startsWith('| critical'));
    expect(rows.length).toBeGreaterThan(2);
    for (const row of rows) {
      const cells = row.slice(2, -2).split(' | ');
      expect([4, 6]).toContain(cells.length);
      for (const cell of cells)
        expect(cell.replaceAll(/&#\d+;(<!-- -->)?/g, '')).not.toMatch(/[<>`*_~[\]|\\&#@$]|:\/\/|www\./);
    }
  });

  it('truncates at 1 MiB, with a note', () => {
    const findings = Array.from({ length: 20_000 }, (_, index) => ({
      ...sampleReport.findings[7]!,
      id: `rule-${index}`,
      title: '漢'.repeat(400),
    }));
    const text = render({ ...sampleReport, findings });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
    expect(text).toMatch(/\| rule-0 \|/);
    expect(text).toMatch(
      /\n\*\*[\d,]+ lines left out: a summary holds 1 MiB\. The JSON report has everything\.\*\*\n$/,
    );
  });
});
