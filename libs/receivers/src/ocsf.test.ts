import { sampleDelivery } from '../samples/outgoing-messages.js';
import { ocsfEvents } from './ocsf.js';

const alert = {
  identity: '["finding","r","shop/app","1","f"]',
  labels: {
    ...{ kind: 'vulnerability', severity: 'high', repository: 'shop/app', tag: '1', digest: 'sha256:aa' },
    ...{ rule: 'CVE-2026-1', package: 'openssl', kev: 'true', fixable: 'true', owner: 'team-shop' },
  },
  annotations: {
    ...{ summary: 'CVE-2026-1 in openssl', description: 'Overflow' },
    ...{ installedVersion: '3.0.1', fixedVersion: '3.0.2' },
  },
  status: 'firing' as const,
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: null,
};
const of = (...alerts: object[]) =>
  ocsfEvents({ ...sampleDelivery(), alerts: alerts.map((each) => ({ ...alert, ...each })) });

/**
 * Required attributes of the classes and of their objects, and the values of enumerations.
 * @see https://schema.ocsf.io/1.6.0/categories/findings
 */
const required = [
  'activity_id',
  'category_uid',
  'class_uid',
  'finding_info',
  'metadata',
  'severity_id',
  'time',
  'type_uid',
];

describe('ocsfEvents', () => {
  it('writes a vulnerability with its package, its image and its owner', () => {
    const [event] = of({});
    expect(event).toMatchObject({
      ...{ class_uid: 2002, category_uid: 2, activity_id: 1, type_uid: 200_201, severity_id: 4, status_id: 1 },
      time: Date.parse('2026-01-01T00:00:00Z'),
      finding_info: { uid: alert.identity, title: 'CVE-2026-1 in openssl', analytic: { name: 'CVE-2026-1' } },
      vulnerabilities: [
        {
          cve: { uid: 'CVE-2026-1' },
          is_exploit_available: true,
          is_fix_available: true,
          affected_packages: [{ name: 'openssl', version: '3.0.1', fixed_in_version: '3.0.2' }],
        },
      ],
      resources: [{ type: 'Container Image', name: 'shop/app:1', uid: 'sha256:aa', owner: { name: 'team-shop' } }],
    });
  });

  it('closes the finding when the alert is resolved', () => {
    const [event] = of({ status: 'resolved', endsAt: '2026-01-02T00:00:00Z' });
    expect(event).toMatchObject({
      ...{ activity_id: 3, type_uid: 200_203, status_id: 4 },
      time: Date.parse('2026-01-02T00:00:00Z'),
      finding_info: { uid: alert.identity },
    });
  });

  it('writes an incident as a detection with its technique and workload', () => {
    const labels = {
      ...{ kind: 'incident', severity: 'critical', rule: 'Miner started', technique: 'T1496' },
      ...{ namespace: 'shop', workload: 'deployment/cart', cluster: 'prod' },
    };
    const [event] = of({ labels });
    expect(event).toMatchObject({
      ...{ class_uid: 2004, severity_id: 5, is_alert: true },
      finding_info: { attacks: [{ technique: { uid: 'T1496' } }] },
      resources: [{ type: 'Workload', name: 'deployment/cart', namespace: 'shop', zone: 'prod' }],
    });
  });

  it('writes a misconfiguration as a failed control', () => {
    const labels = { kind: 'misconfiguration', severity: 'medium', rule: 'DS002' };
    expect(of({ labels })[0]).toMatchObject({ class_uid: 2003, compliance: { control: 'DS002', status_id: 3 } });
    expect(of({ labels, status: 'resolved', endsAt: 'never' })[0]).toMatchObject({ compliance: { status_id: 1 } });
  });

  it('names another advisory than a CVE as an advisory', () => {
    const [event] = of({ labels: { ...alert.labels, rule: 'GHSA-aaaa-bbbb-cccc' } });
    expect(event?.['vulnerabilities']).toMatchObject([{ advisory: { uid: 'GHSA-aaaa-bbbb-cccc' } }]);
    expect(event?.['vulnerabilities']).not.toMatchObject([{ cve: expect.anything() }]);
  });

  it.each(['vulnerability', 'misconfiguration', 'secret', 'incident', 'sensor', 'a new kind', undefined])(
    'has every required attribute for the kind %s without further labels',
    (kind) => {
      const [event] = of({ labels: kind === undefined ? {} : { kind }, annotations: {}, startsAt: 'never' });
      for (const name of required) expect(event?.[name]).toBeDefined();
      expect(event).toMatchObject({
        severity_id: 0,
        finding_info: { uid: expect.any(String) },
        metadata: { version: expect.any(String), product: { vendor_name: expect.any(String) } },
      });
    },
  );

  it('gives each alert of a message its own id, the same on every attempt', () => {
    const ids = (attempt: number) =>
      ocsfEvents({ ...sampleDelivery(), attempt, alerts: [alert, alert] }).map(({ metadata }) => metadata.uid);
    expect(ids(1)).toEqual(['d1-0', 'd1-1']);
    expect(ids(2)).toEqual(ids(1));
  });
});
