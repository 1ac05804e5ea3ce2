import type { PackageRecord } from '@tidewaiter/domain';

import { advisoryKeyOf } from '../../advisory-key.js';
import { matchPackage } from '../../match-package.js';
import { readNvdRecord } from '../nvd/nvd.js';
import { nvdOverrides, readOverride } from './nvd-overrides.js';

const configurationsOf = (cpe: string, versionEndExcluding: string) => [
  {
    nodes: [
      {
        operator: 'OR',
        cpeMatch: [{ vulnerable: true, criteria: `cpe:2.3:a:${cpe}:*:*:*:*:*:*:*:*`, versionEndExcluding }],
      },
    ],
  },
];
const overrideOf = (cpe: string, end: string, annotation: object = {}) => ({
  _annotation: { cve_id: 'CVE-2026-1111', reason: 'not yet analyzed', ...annotation },
  cve: { configurations: configurationsOf(cpe, end) },
});

async function* bytesOf(text: string) {
  yield Buffer.from(text.slice(0, 20));
  yield Buffer.from(text.slice(20));
}

describe('nvdOverrides', () => {
  it('precedes the record of NVD about the same vulnerability', () => {
    const cve = { id: 'CVE-2026-1111', lastModified: '2026-03-01T10:00:00.000' };
    const record = readNvdRecord({ cve: { ...cve, configurations: configurationsOf('f5:nginx', '1.25.0') } });
    const override = readOverride(overrideOf('f5:nginx', '1.20.0'))!;
    const candidates = [record, override].flatMap((advisory) =>
      advisory.affected.map((entry) => ({ ...entry, advisory })),
    );
    const found = (version: string) => {
      const source = { name: 'nginx', version };
      const pkg: PackageRecord = { type: 'generic', ...source, source, licenses: [], foundIn: 'usr/sbin/nginx' };
      return matchPackage(pkg, advisoryKeyOf(pkg, null)!, candidates).map(({ advisoryId }) => advisoryId);
    };
    expect(found('1.19.0').toSorted()).toEqual(['NVD-CVE-2026-1111', 'NVDFIX-CVE-2026-1111']);
    expect(found('1.22.0')).toEqual([]);
  });

  it('reads a file, and none about other products', async () => {
    const read = async (override: object) =>
      Array.fromAsync(nvdOverrides.read({ name: 'CVE-2026-1111.json', bytes: bytesOf(JSON.stringify(override)) }));
    expect(await read(overrideOf('f5:nginx', '1.20.0'))).toMatchObject([{ name: 'NVDFIX-CVE-2026-1111' }]);
    expect(await read(overrideOf('acme:shop', '1.20.0'))).toEqual([]);
    expect(await read({ _annotation: {} })).toMatchObject([{ error: { code: 'NVD_RECORD' } }]);
  });

  it('recognizes its files, and no others', () => {
    expect(nvdOverrides.recognizes(JSON.stringify(overrideOf('f5:nginx', '1')))).toBe(true);
    expect(nvdOverrides.recognizes('{"id":"CVE-2026-1"}')).toBe(false);
  });
});
