import type { ClusterImage, ClusterWorkload } from '@tidewaiter/agent-protocol';
import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { policyReport } from './policy-report.js';
import { labelValue, omittedKey, reportName, reportObject, revisionKey } from './report-object.js';
import { vulnerabilityReport } from './vulnerability-report.js';

const owner = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u-1' };
const openreports = { apiVersion: 'openreports.io/v1alpha1', kind: 'Report' };
const digest = `sha256:${'a'.repeat(64)}`;
const workload: ClusterWorkload = {
  ...{ namespace: 'shop', kind: 'Deployment', name: 'web', containers: [{ name: 'app', digest }] },
  misconfigurations: [
    {
      ...{ check: 'k8s-privileged', severity: 'high', title: 'Container is privileged', container: 'app', field: null },
      firstSeen: '2027-03-01T10:00:00.500Z',
    },
    {
      ...{ check: 'k8s-limits', severity: 'negligible', title: 'No limits', container: null, field: null },
      firstSeen: '2027-03-01T10:00:00Z',
    },
  ],
  misconfigurationCounts: { high: 1, negligible: 3 },
};
const image: ClusterImage = {
  ...{ digest, registry: 'registry.example.com', repository: 'shop/web', tag: '1', verdict: 'fail' },
  os: { family: 'debian', version: '13' },
  vulnerabilities: [
    {
      ...{ id: 'CVE-2027-1', severity: 'critical', title: 'A hole', packageName: 'openssl', packageType: 'deb' },
      ...{ installedVersion: '3.0.15-1', fixedVersion: null, purl: 'pkg:deb/debian/openssl@3.0.15-1', path: null },
      score: 9.8,
    },
  ],
  vulnerabilityCounts: { critical: 1, low: 2, negligible: 4, unknown: 1 },
};
const now = new Date('2027-03-01T10:00:00.123Z');

describe('reports of a workload', () => {
  it('have the misconfigurations and the verdicts as results, and count what they leave out', () => {
    const { body, omitted } = policyReport(openreports, owner, workload, [image, { ...image, verdict: null }]);
    expect(omitted).toBe(2);
    expect(body).toEqual({
      scope: owner,
      summary: { pass: 0, fail: 5, warn: 1, error: 0, skip: 0 },
      results: [
        {
          ...{ source: 'tidewaiter', category: 'Image', policy: 'image-verdict', result: 'fail' },
          ...{ message: 'shop/web:1 fails', properties: { digest } },
        },
        {
          ...{ source: 'tidewaiter', category: 'Misconfiguration', policy: 'k8s-privileged', result: 'fail' },
          ...{ message: 'Container is privileged', severity: 'high', properties: { container: 'app' } },
          timestamp: { seconds: 1_803_895_200, nanos: 0 },
        },
        {
          ...{ source: 'tidewaiter', category: 'Misconfiguration', policy: 'k8s-limits', result: 'fail' },
          ...{ message: 'No limits', severity: 'info', timestamp: { seconds: 1_803_895_200, nanos: 0 } },
        },
        {
          ...{ source: 'tidewaiter', category: 'Misconfiguration', policy: 'results-limit', result: 'warn' },
          message: '2 more results are not listed here',
        },
      ],
    });
  });

  it('have the vulnerabilities of a container in the shape of the Trivy operator', () => {
    const draft = vulnerabilityReport(owner, { container: 'app', image, now });
    expect(draft).toMatchObject({
      part: 'app',
      omitted: 7,
      labels: {
        'trivy-operator.resource.kind': 'Deployment',
        'trivy-operator.resource.name': 'web',
        'trivy-operator.resource.namespace': 'shop',
        'trivy-operator.container.name': 'app',
      },
      times: { report: { updateTimestamp: '2027-03-01T10:00:00Z' } },
      body: {
        report: {
          artifact: { repository: 'shop/web', tag: '1', digest },
          os: { family: 'debian', name: '13' },
          summary: { criticalCount: 1, highCount: 0, mediumCount: 0, lowCount: 6, unknownCount: 1 },
          vulnerabilities: [{ vulnerabilityID: 'CVE-2027-1', severity: 'CRITICAL', fixedVersion: '', score: 9.8 }],
        },
      },
    });
  });

  it('belong to their workload, and have a revision that only a change replaces', () => {
    const at = (time: Date, of = image) =>
      reportObject(owner, vulnerabilityReport(owner, { container: 'app', image: of, now: time }));
    const written = at(now);
    expect(written.metadata).toMatchObject({
      ...{
        name: 'deployment-web-app',
        namespace: 'shop',
        labels: { 'app.kubernetes.io/managed-by': 'tidewaiter-agent' },
      },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u-1' }],
      annotations: { [omittedKey]: '7' },
    });
    const revisionOf = ({ metadata }: typeof written) => metadata.annotations[revisionKey];
    expect(revisionOf(at(new Date(0)))).toBe(revisionOf(written));
    expect(revisionOf(at(now, { ...image, vulnerabilities: [] }))).not.toBe(revisionOf(written));
    const again = reportObject({ ...owner, uid: 'u-2' }, vulnerabilityReport(owner, { container: 'app', image, now }));
    expect(revisionOf(again)).not.toBe(revisionOf(written));
  });

  it.each([
    [['Deployment', 'web'], 'deployment-web'],
    [['Pod', 'a.b', 'c'], 'pod-a.b-c'],
    [['Deployment', 'x'.repeat(253)], expect.stringMatching(/^deployment-x{231}-[0-9a-f]{10}$/)],
    [['DaemonSet', 'web', 'my_container'], expect.stringMatching(/^daemonset-web-my-container-[0-9a-f]{10}$/)],
  ])('are named by %j', (parts, name) => {
    expect(reportName(parts)).toEqual(name);
  });

  it('have names and labels that the API server accepts, different for different texts', () => {
    const text = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        for (const each of [a, b]) {
          expect(reportName(['Deployment', each])).toMatch(/^(?=.{1,253}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$/);
          expect(labelValue(each)).toMatch(/^(?=.{1,63}$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/);
        }
        expect(labelValue(a) === labelValue(b)).toBe(a === b);
      }),
    );
  });
});
