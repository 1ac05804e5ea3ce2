import { emptyReport, hostileReport, sampleReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { csv } from './csv.js';

const options = { width: 80, isColored: false, toolVersion: '0.1.0' };
const render = (report: Report) => csv.render(report, options);

/** Parses CSV by RFC 4180. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (cell.lastIndex < text.length) {
    const [whole, quoted, plain, end] = cell.exec(text) ?? [];
    if (whole === undefined) throw new Error('no CSV');
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('csv', () => {
  it('writes a row for each finding that the table counts', () => {
    const [head, ...rows] = parse(render(sampleReport));
    expect(rows).toHaveLength(sampleReport.findings.length);
    const severities = rows.map((row) => row[head!.indexOf('severity')]);
    expect(severities.filter((each) => each === 'critical')).toHaveLength(4);
    expect(severities.filter((each) => each === 'high')).toHaveLength(5);
    for (const row of rows) expect(row).toHaveLength(head!.length);
  });

  it('writes only a header without findings', () => {
    expect(parse(render(emptyReport))).toHaveLength(1);
  });

  it.each([
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['\n=1', "'\n=1"],
    ['＝1', "'＝1"],
    ['a,"b"\r\nc', 'a,"b"\r\nc'],
    ['nul\u0000\u001B\u202E', 'nul\uFFFD\uFFFD\uFFFD'],
    ['a=b', 'a=b'],
  ])('writes %j so that a spreadsheet reads %j', (text, expected) => {
    const [head, first] = parse(render(hostileReport(text)));
    expect(first![head!.indexOf('title')]).toBe(expected);
    expect(first![head!.indexOf('package')]).toBe(expected);
  });

  it('lists packages as inventory', () => {
    const [head, ...rows] = parse(csv.render(sampleReport, { ...options, isInventory: true }));
    expect(rows).toHaveLength(sampleReport.packages.length);
    expect(rows[0]![head!.indexOf('name')]).toBe('libssl3');
    expect(rows[0]![head!.indexOf('source')]).toBe('openssl');
  });
});
