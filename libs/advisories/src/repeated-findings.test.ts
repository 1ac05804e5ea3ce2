import { type Finding, findingOf } from '@tidewaiter/domain';

import { withoutRepeated } from './repeated-findings.js';

const finding = (purl: string, evidence: object, more: Partial<Finding> = {}) =>
  findingOf({
    ...{ kind: 'vulnerability', id: 'CVE-2026-1111', severity: 'high', title: 'a hole', fingerprint: purl },
    ...{ layer: 0, state: 'present', purl, evidence: { ...evidence }, path: 'usr/sbin/nginx' },
    ...more,
  });

const nginx = { source: 'Program:nginx', comparedVersion: '1.25.3' };
const found = finding('pkg:generic/nginx@1.25.3', nginx);
const vendor = finding('pkg:deb/debian/nginx@1.25.3-1~bookworm', nginx, { path: 'var/lib/dpkg/status' });
const traefik = finding('pkg:generic/traefik@2.11.0', { source: 'Program:traefik', comparedVersion: '2.11.0' });
const goModule = finding('pkg:golang/github.com/traefik/traefik/v2@v2.11.0', { source: 'Go' });

const purls = (...findings: Finding[]) => withoutRepeated(findings).map(({ purl }) => purl);

describe('withoutRepeated', () => {
  it("keeps the program that was found in the files of its project's package", () => {
    expect(purls(vendor, found)).toEqual([found.purl]);
    expect(purls(vendor)).toEqual([vendor.purl]);
  });

  it('keeps the module that a Go program was built from', () => {
    expect(purls(traefik, goModule)).toEqual([goModule.purl]);
  });

  it.each<[string, Finding, Finding]>([
    ['vulnerability', { ...found, id: 'CVE-2026-2222' }, vendor],
    ['version', { ...found, evidence: { ...nginx, comparedVersion: '1.25.4' } }, vendor],
    ['state', { ...found, state: 'shadowed' }, vendor],
    ['file', { ...goModule, path: 'usr/bin/other' }, traefik],
    ['source', { ...found, evidence: { source: 'Debian:12' } }, { ...found, evidence: { source: 'npm' } }],
  ])('keeps both that differ in the %s', (_, one, other) => {
    expect(withoutRepeated([one, other])).toHaveLength(2);
  });
});
