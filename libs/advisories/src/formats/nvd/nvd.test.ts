import { LimitExceeded, type PackageRecord } from '@tidewaiter/domain';

import { advisoryKeyOf } from '../../advisory-key.js';
import { matchPackage } from '../../match-package.js';
import { packageFindings } from '../../package-findings.js';
import { nvd, readNvdRecord } from './nvd.js';

interface MatchOf {
  cpe: string;
  vulnerable?: boolean;
  [bound: `version${string}`]: string;
}

const cpeMatch = ({ cpe, vulnerable = true, ...bounds }: MatchOf) => ({
  vulnerable,
  criteria: `cpe:2.3:${cpe}${':*'.repeat(11 - cpe.split(':').length)}`,
  ...bounds,
});
const or = (...matches: MatchOf[]) => ({ operator: 'OR', negate: false, cpeMatch: matches.map(cpeMatch) });
const and = (...nodes: object[]) => [{ operator: 'AND', nodes }];

const recordOf = (configurations: unknown, more: object = {}) => ({
  cve: {
    ...{ id: 'CVE-2026-1111', lastModified: '2026-03-01T10:00:00.000', published: '2026-02-01T10:00:00.000' },
    ...{ vulnStatus: 'Analyzed', descriptions: [{ lang: 'en', value: 'A hole.\nMore.' }] },
    configurations,
    ...more,
  },
});

const programOf = (name: string, version: string): PackageRecord => ({
  ...{ type: 'generic', name, version, source: { name, version }, licenses: [], foundIn: 'opt/x' },
});

/** Confidence and range of the match of a program with a record; undefined without one. */
function verdictOn(name: string, version: string, record: unknown): string | undefined {
  const advisory = readNvdRecord(record);
  const pkg = programOf(name, version);
  const candidates = advisory.affected.map((entry) => ({ ...entry, advisory }));
  const matches = matchPackage(pkg, advisoryKeyOf(pkg, null)!, candidates);
  const vulnerable = { ...pkg, purl: 'pkg:generic/x', layer: 0, state: 'present' as const };
  const [finding] = packageFindings(
    vulnerable,
    matches.map((match) => ({ advisory, match })),
  );
  return finding && `${finding.confidence} ${String(finding.evidence['range'])}`;
}

const nginx = 'a:f5:nginx';
const windows = { cpe: 'o:microsoft:windows:-', vulnerable: false };

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('readNvdRecord', () => {
  it.each<[string, string, string | undefined]>([
    ['1.19.9', '1.21.0', undefined],
    ['1.20.0', '1.21.0', 'likely >= 1.20.0, < 1.21.0'],
    ['1.20.9', '1.21.0', 'likely >= 1.20.0, < 1.21.0'],
    ['1.21.0', '1.21.0', undefined],
  ])('compares %s with a range to %s', (version, versionEndExcluding, expected) => {
    const record = recordOf([{ nodes: [or({ cpe: nginx, versionStartIncluding: '1.20.0', versionEndExcluding })] }]);
    expect(verdictOn('nginx', version, record)).toBe(expected);
  });

  it.each<[string, string, MatchOf, string | undefined]>([
    ['a start that is not affected itself', '1.20.0', { cpe: nginx, versionStartExcluding: '1.20.0' }, undefined],
    ['a version after such a start', '1.20.1', { cpe: nginx, versionStartExcluding: '1.20.0' }, 'likely > 1.20.0'],
    ['an end that is affected itself', '1.20.0', { cpe: nginx, versionEndIncluding: '1.20.0' }, 'likely <= 1.20.0'],
    ['blanks in a bound', '1.20.0', { cpe: nginx, versionEndIncluding: ' 1.20.0 ' }, 'likely <= 1.20.0'],
    ['a listed version', '1.20.0', { cpe: `${nginx}:1.20.0` }, 'certain = 1.20.0'],
    ['another listed version', '1.20.1', { cpe: `${nginx}:1.20.0` }, undefined],
    ['a listed pre-release', '1.20.0', { cpe: `${nginx}:1.20.0:rc1` }, undefined],
    ['no version', '1.20.0', { cpe: `${nginx}:-` }, undefined],
    ['any version', '1.20.0', { cpe: nginx }, 'possible all versions'],
    ['a platform', '1.20.0', { cpe: nginx, vulnerable: false }, undefined],
    ['an edition for Windows', '1.20.0', { cpe: `${nginx}:1.20.0:*:windows` }, undefined],
    ['the software of another project', '1.20.0', { cpe: `${nginx}:1.20.0:*:*:*:*:acme_cloud` }, 'possible = 1.20.0'],
    ['another product of the vendor', '1.20.0', { cpe: 'a:f5:nginx_controller:1.20.0' }, undefined],
    ['an older vendor of the product', '1.20.0', { cpe: 'a:nginx:nginx:1.20.0' }, 'certain = 1.20.0'],
  ])('reads %s', (_, version, match, expected) => {
    expect(verdictOn('nginx', version, recordOf([{ nodes: [or(match)] }]))).toBe(expected);
  });

  it.each<[string, string, string, string, string | undefined]>([
    ['openssh', '7.2p2', 'a:openbsd:openssh:7.2:p2', '', 'certain = 7.2p2'],
    ['openssh', '7.2p1', 'a:openbsd:openssh:7.2:p2', '', undefined],
    ['openssl', '1.1.1k', 'a:openssl:openssl', '1.1.1l', 'likely < 1.1.1l'],
    ['openssl', '1.1.1l', 'a:openssl:openssl', '1.1.1l', undefined],
    ['openjdk', '1.8.0_312', 'a:oracle:jdk:1.8.0:update312', '', 'certain = 1.8.0_312'],
    ['openjdk', '8u302', 'a:oracle:openjdk:8:update312', '', undefined],
    ['erlang', '25.0.2', 'a:erlang:erlang\\/otp', '25.0.3', 'likely < 25.0.3'],
    ['postgresql', '16.1', 'a:postgresql:postgresql', '16.2', 'likely < 16.2'],
  ])('compares %s %s by the scheme of the program', (name, version, cpe, versionEndExcluding, expected) => {
    const match = { cpe, ...(versionEndExcluding !== '' && { versionEndExcluding }) };
    expect(verdictOn(name, version, recordOf([{ nodes: [or(match)] }]))).toBe(expected);
  });

  it.each<[string, object[], string | undefined]>([
    ['on Windows only', [or(windows)], undefined],
    ['on Windows or Linux', [or(windows, { cpe: 'o:linux:linux_kernel:-', vulnerable: false })], 'certain = 1.20.0'],
    ['on a distribution', [or({ cpe: 'o:gentoo:linux', vulnerable: false }, windows)], 'possible = 1.20.0'],
    ['with another library', [or({ cpe: 'a:xmlsoft:libxml2:2.9' })], 'possible = 1.20.0'],
    ['with a library, on Windows only', [or({ cpe: 'a:xmlsoft:libxml2:2.9' }), or(windows)], undefined],
  ])('reads a vulnerability %s', (_, others, expected) => {
    const configurations = and(or({ cpe: `${nginx}:1.20.0` }), ...others);
    expect(verdictOn('nginx', '1.20.0', recordOf(configurations))).toBe(expected);
  });

  it('reads a node whose CPEs must hold together', () => {
    const node = { operator: 'AND', cpeMatch: [cpeMatch({ cpe: `${nginx}:1.20.0` }), cpeMatch(windows)] };
    expect(verdictOn('nginx', '1.20.0', recordOf([{ nodes: [node] }]))).toBeUndefined();
  });

  it('clears a program that is vulnerable on Windows only, also of records of others', () => {
    const windowsOnly = readNvdRecord(recordOf(and(or({ cpe: nginx }), or(windows))));
    const listed = readNvdRecord(recordOf([{ nodes: [or({ cpe: nginx })] }]));
    const candidates = [windowsOnly, { ...listed, id: 'BIT-1' }].flatMap((advisory) =>
      advisory.affected.map((entry) => ({ ...entry, advisory })),
    );
    const pkg = programOf('nginx', '1.20.0');
    expect(matchPackage(pkg, advisoryKeyOf(pkg, null)!, candidates)).toEqual([]);
  });

  it('takes the most certain of several entries', () => {
    const nodes = [or({ cpe: nginx }, { cpe: `${nginx}:1.20.0` })];
    expect(verdictOn('nginx', '1.20.0', recordOf([{ nodes }]))).toBe('certain = 1.20.0');
  });

  it.each([
    ['a configuration', [{ negate: true, nodes: [or({ cpe: nginx })] }]],
    ['a node', [{ nodes: [{ ...or({ cpe: nginx }), negate: true }] }]],
  ])('takes the opposite of %s for no match', (_, configurations) => {
    expect(readNvdRecord(recordOf(configurations))).toMatchObject({ affected: [] });
  });

  it('names the platforms that it depends on', () => {
    const others = or(
      { cpe: 'o:gentoo:linux', vulnerable: false },
      { cpe: 'o:debian:debian_linux:8', vulnerable: false },
    );
    const { affected } = readNvdRecord(recordOf(and(or({ cpe: nginx }), others)));
    expect(affected).toMatchObject([{ cpe: 'f5:nginx', platforms: ['gentoo:linux or debian:debian_linux'] }]);
  });

  it('withdraws a rejected record, and one about other products', () => {
    const rejected = recordOf([], { vulnStatus: 'Rejected' });
    const withdrawn = { withdrawn: '2026-03-01T10:00:00.000Z', affected: [] };
    expect(readNvdRecord(rejected)).toMatchObject(withdrawn);
    expect(readNvdRecord(recordOf([{ nodes: [or({ cpe: 'a:acme:shop' })] }]))).toMatchObject(withdrawn);
  });

  it('takes the score of NVD before that of others, the newest version first', () => {
    const metric = (type: string, vectorString: string) => ({ type, cvssData: { vectorString } });
    const metrics = {
      cvssMetricV2: [metric('Primary', 'AV:N/AC:L/Au:N/C:P/I:P/A:P')],
      cvssMetricV31: [
        metric('Secondary', 'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N'),
        metric('Primary', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'),
      ],
    };
    const advisory = readNvdRecord(recordOf([{ nodes: [or({ cpe: nginx })] }], { metrics }));
    expect(advisory).toMatchObject({ severity: 'critical', cvss: { score: 9.8 }, title: 'A hole.' });
  });

  describe('without configurations', () => {
    const reported = (product: object) => recordOf(undefined, { affected: [{ affectedData: [product] }] });
    const curl = { vendor: 'curl', product: 'curl' };

    it.each<[string, object, string, string | undefined]>([
      ['a range', { version: '7.1', lessThan: '8.5.0', status: 'affected' }, '8.4.0', 'possible >= 7.1, < 8.5.0'],
      ['its end', { version: '7.1', lessThan: '8.5.0', status: 'affected' }, '8.5.0', undefined],
      [
        'an end within',
        { version: '7.1', lessThanOrEqual: '8.5.0', status: 'affected' },
        '8.5.0',
        'possible >= 7.1, <= 8.5.0',
      ],
      ['no start', { version: 'unspecified', lessThan: '8.5.0', status: 'affected' }, '7.0', 'possible < 8.5.0'],
      ['one version', { version: '8.4.0', status: 'affected' }, '8.4.0', 'possible = 8.4.0'],
      ['an unaffected version', { version: '8.4.0', status: 'unaffected' }, '8.4.0', undefined],
      ['commits', { version: 'a1b2', lessThan: 'c3d4', versionType: 'git', status: 'affected' }, '8.4.0', undefined],
      ['no version at all', { version: 'n/a', status: 'affected' }, '8.4.0', undefined],
    ])('reads %s of the reporter, as possible', (_, versions, version, expected) => {
      expect(verdictOn('curl', version, reported({ ...curl, versions: [versions] }))).toBe(expected);
    });

    it('reads changes of the status within a range', () => {
      const changes = [
        { at: '8.1', status: 'unaffected' },
        { at: '8.3', status: 'affected' },
      ];
      const record = reported({
        ...curl,
        versions: [{ version: '8.0', lessThan: '8.5', status: 'affected', changes }],
      });
      expect(['8.0', '8.1', '8.3', '8.5'].map((version) => verdictOn('curl', version, record))).toEqual([
        'possible >= 8.0, < 8.1',
        undefined,
        'possible >= 8.3, < 8.5',
        undefined,
      ]);
    });

    it('prefers what analysts wrote', () => {
      const record = reported({ ...curl, versions: [{ version: '8.4.0', status: 'affected' }] });
      const analyzed = { cve: { ...record.cve, configurations: [{ nodes: [or({ cpe: 'a:acme:shop' })] }] } };
      expect(readNvdRecord(analyzed)).toMatchObject({ affected: [] });
    });
  });

  it.each<[string, object[]]>([
    ['nodes', and(...Array.from({ length: 20_000 }, () => or({ cpe: nginx })))],
    [
      'CPEs that must hold together',
      [{ nodes: [{ operator: 'AND', cpeMatch: Array(20_000).fill(cpeMatch({ cpe: nginx })) }] }],
    ],
    ['versions', [{ nodes: [{ operator: 'OR', cpeMatch: Array(50_000).fill(cpeMatch({ cpe: `${nginx}:1` })) }] }]],
  ])('refuses a record with any number of %s', (_, configurations) => {
    expect(() => readNvdRecord(recordOf(configurations))).toThrow(LimitExceeded);
  });

  it('ignores keys that every object has', () => {
    const record = JSON.parse('{"cve":{"__proto__":{"id":"CVE-2026-1"},"constructor":1}}') as unknown;
    expect(() => readNvdRecord(record)).toThrow('not a record of NVD');
    expect(readNvdRecord(recordOf([{ nodes: [or({ cpe: 'a:constructor:prototype' })] }]))).toMatchObject({
      affected: [],
    });
  });
});

describe('nvd', () => {
  const page = (...records: unknown[]) =>
    JSON.stringify({ resultsPerPage: 1, format: 'NVD_CVE', version: '2.0', vulnerabilities: records });
  const good = recordOf([{ nodes: [or({ cpe: nginx })] }], {
    descriptions: [{ lang: 'en', value: 'a \\" ] } brace' }],
  });

  it.each([1, 7, 100_000])('reads a page in chunks of %i bytes', async (size) => {
    const other = recordOf([{ nodes: [or({ cpe: 'a:acme:shop' })] }]);
    const items = [];
    for await (const item of nvd.read({ name: 'page', bytes: chunksOf(page(good, other, { cve: {} }, good), size) })) {
      if ('error' in item) items.push(item.error.code);
      else items.push(item.isRemoval ? 'removal' : item.advisory.title);
    }
    expect(items).toEqual(['a \\" ] } brace', 'removal', 'NVD_RECORD', 'a \\" ] } brace']);
  });

  it('recognizes pages and files of a year by their start', () => {
    expect(nvd.recognizes(page(good))).toBe(true);
    expect(nvd.recognizes('{"format":"NVD_CPE","version":"2.0"}')).toBe(false);
    expect(nvd.recognizes('{"id":"CVE-2026-1","modified":"2026-01-01T00:00:00Z"}')).toBe(false);
  });

  it.each([
    ['that ends early', page(good).slice(0, -10)],
    ['that is nested without end', `{"a":[${'{"a":['.repeat(5_000)}`],
  ])('rejects a document %s', async (_, text) => {
    const read = async () => Array.fromAsync(nvd.read({ name: 'page', bytes: chunksOf(text, 1_000) }));
    await expect(read()).rejects.toMatchObject({ code: expect.any(String) as string });
  });
});
