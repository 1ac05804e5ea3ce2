import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';

import { readEpss } from './epss.js';

const head = '#model_version:v2025.03.14,score_date:2026-08-22T00:00:00+0000\ncve,epss,percentile\n';
const day = (...lines: string[]) => Buffer.from(`${head}${lines.join('\n')}\n`);

describe('readEpss', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['packed', (bytes: Buffer) => gzipSync(bytes)],
    ['with the ends of lines of Windows', (bytes: Buffer) => Buffer.from(bytes.toString().replaceAll('\n', '\r\n'))],
  ])('parses scores: %s', (_, packed) => {
    const bytes = packed(day('CVE-2002-0367,0.04919,0.91446', 'CVE-2021-44228,0.94358,0.99961'));
    expect(readEpss(bytes)).toEqual({
      scoredAt: '2026-08-22T00:00:00.000Z',
      scores: [
        { cve: 'CVE-2002-0367', score: 0.04919, percentile: 0.91446 },
        { cve: 'CVE-2021-44228', score: 0.94358, percentile: 0.99961 },
      ],
      rejected: 0,
    });
  });

  it('counts lines that are no scores', () => {
    const broken = ['CVE-2002-0367', 'CVE-2002-0368,1.5,0.1', 'CVE-2002-0369,,', 'x,0.1,0.1', 'CVE-2002-0370,-1,NaN'];
    expect(readEpss(day(...broken, 'CVE-2002-0371,1e-5,0'))).toMatchObject({
      scores: [{ cve: 'CVE-2002-0371', score: 0.00001, percentile: 0 }],
      rejected: 5,
    });
  });

  it.each([
    ['a page of HTML', Buffer.from('<html></html>')],
    ['a file without a date', Buffer.from('cve,epss,percentile\nCVE-2002-0367,0.1,0.1\n')],
    ['other columns', Buffer.from(`${head.split('\n')[0]}\ncve,score\n`)],
    ['no scores, which would wipe what is known', day()],
    ['half a gzip', gzipSync(day('CVE-2002-0367,0.1,0.1')).subarray(0, 40)],
  ])('rejects %s', (_, bytes) => {
    expect(() => readEpss(bytes)).toThrow(expect.objectContaining({ code: 'EPSS_FORMAT' }));
  });

  it('parses or rejects any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, hasHead) => {
        const read = () => readEpss(hasHead ? Buffer.concat([day('CVE-2002-0367,0.1,0.1'), bytes]) : bytes);
        if (hasHead) expect(read().scores.length).toBeGreaterThan(0);
        else expect(read).toThrow(expect.objectContaining({ code: 'EPSS_FORMAT' }));
      }),
    );
  });
});
