import type { ImageFinding } from '../../api/types.js';
import { fixesOf } from './fixes.js';

const finding = (fields: Partial<ImageFinding>): ImageFinding => ({
  ...{ kind: 'vulnerability', id: 'CVE-1', aliases: [], severity: 'medium', title: '', fingerprint: 'f', purl: null },
  ...{ packageName: 'openssl', installedVersion: '3.0.1', path: null, layer: 0, state: 'present', match: 'affected' },
  ...{ fix: { state: 'fixed', version: '3.0.9' }, cvss: null, kev: false, epss: null, running: null, inUse: null },
  ...{ confidence: 'certain', evidence: {}, imageDigest: 'd', platform: 'linux/amd64', counted: true, by: null },
  ...fields,
});

const titles = (...findings: ImageFinding[]) => fixesOf(findings).map(({ title }) => title);

describe('fixesOf', () => {
  it('joins findings that one upgrade closes', () => {
    const [fix] = fixesOf([finding({ severity: 'low' }), finding({ id: 'CVE-2', severity: 'high', kev: true })]);
    expect(fix).toMatchObject({ title: 'Upgrade openssl 3.0.1 to 3.0.9', worst: 'high', exploited: 1 });
    expect(fix!.findings.map(({ id }) => id)).toEqual(['CVE-2', 'CVE-1']);
  });

  it('names no version where findings need different ones', () => {
    const other = finding({ id: 'CVE-2', fix: { state: 'fixed', version: '3.0.11' } });
    expect(titles(finding({}), other)).toEqual(['Upgrade openssl 3.0.1']);
  });

  it('puts what can be fixed before what cannot, and exploited before severe', () => {
    expect(
      titles(
        finding({ packageName: 'a', severity: 'critical', fix: { state: 'not-fixed', version: null } }),
        finding({ packageName: 'b', severity: 'critical' }),
        finding({ packageName: 'c', severity: 'low', kev: true }),
      ),
    ).toEqual(['Upgrade c 3.0.1 to 3.0.9', 'Upgrade b 3.0.1 to 3.0.9', 'a 3.0.1: no fix yet']);
  });

  it('removes malware, and leaves out what does not count or is in no package', () => {
    expect(
      titles(
        finding({ kind: 'malware', packageName: 'evil' }),
        finding({ counted: false, packageName: 'hidden' }),
        finding({ kind: 'secret', packageName: null }),
        finding({ kind: 'integrity', packageName: 'altered' }),
      ),
    ).toEqual(['Remove evil 3.0.1: malicious']);
  });
});
