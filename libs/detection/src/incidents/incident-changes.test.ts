import type { Incident } from '@tidewaiter/domain';
import { minerIncident } from '@tidewaiter/testkit';

import { incidentChanges } from './incident-changes.js';

const before = minerIncident();
const bySystem = { resolvedByPerson: false };
const [step] = before.steps;
const [workload] = before.workloads;
const pushed = {
  ...before.evidence[0]!,
  event: 'push:9',
  source: 'registry' as const,
  text: 'rel/tool:v9 moved from sha256:a to sha256:b by mallory',
};
const other = { ...step!, title: 'Key read', technique: null };

describe('incidentChanges', () => {
  it.each<[string, Partial<Incident>, ReturnType<typeof incidentChanges>]>([
    ['the same', {}, null],
    ['more events, more evidence', { count: 99, lastSeen: '2027-01-01T00:00:00Z', evidence: [] }, null],
    ['more events of a step', { steps: before.steps.map((each) => ({ ...each, events: ['e9'], at: 'x' })) }, null],
    ['a step', { steps: [...before.steps, other] }, { kind: 'updated', news: ['Key read'] }],
    ['a step that came late', { steps: [other, ...before.steps] }, { kind: 'updated', news: ['Key read'] }],
    [
      'a workload',
      { workloads: [workload!, { ...workload!, workload: 'shop/Deployment/cart' }] },
      { kind: 'updated', news: ['Also in shop/Deployment/cart'] },
    ],
    ['a sign', { findings: ['drift', 'miner', 'c2'] }, { kind: 'updated', news: ['Also: c2'] }],
    [
      'a severity that rose',
      { severity: 'critical' },
      { kind: 'worsened', news: ['Severity rose from high to critical'] },
    ],
    [
      'a title that is worse',
      { title: 'Container escape in shop/Deployment/checkout', titleRank: 0 },
      { kind: 'worsened', news: ['Renamed: Container escape in shop/Deployment/checkout'] },
    ],
    ['a title that is milder', { title: 'Download in shop/Deployment/checkout', titleRank: 80 }, null],
    ['a title that only says more', { title: 'Miner through CVE-2021-44228 in shop/Deployment/checkout' }, null],
    ['a severity that fell', { severity: 'low' }, { kind: 'updated', news: ['Severity fell from high to low'] }],
    [
      'a push that joined',
      { evidence: [...before.evidence, pushed] },
      { kind: 'worsened', news: ['Also: rel/tool:v9 moved from sha256:a to sha256:b by mallory'] },
    ],
    ['its end', { state: 'resolved' }, { kind: 'resolved', news: ['No further activity'] }],
    ['where it went', { state: 'merged' }, { kind: 'merged', news: ['Merged into another incident'] }],
  ])('describes %s', (_what, more, expected) => {
    expect(incidentChanges(before, { ...before, ...more }, bySystem)).toEqual(expected);
  });

  it('describes an image that became known', () => {
    expect(incidentChanges({ ...before, imageDigest: null }, before, bySystem)).toEqual({
      kind: 'updated',
      news: ['Image identified'],
    });
  });

  it('describes a workload that became known', () => {
    const unknown = { ...before, workload: null, workloads: [] };
    expect(incidentChanges(unknown, { ...before, workloads: [] }, bySystem)).toEqual({
      kind: 'updated',
      news: ['Workload identified: shop/Deployment/checkout'],
    });
  });

  it('opens again what ended by itself, and what a person ended only for something new', () => {
    const ended = { ...before, state: 'resolved' as const };
    const byPerson = { resolvedByPerson: true };
    expect(incidentChanges(ended, before, bySystem)).toEqual({ kind: 'reopened', news: [] });
    expect(incidentChanges(ended, { ...before, findings: ['drift', 'miner', 'c2'] }, byPerson)).toBeNull();
    expect(incidentChanges(ended, { ...before, steps: [...before.steps, other] }, byPerson)?.kind).toBe('reopened');
    expect(incidentChanges(ended, { ...before, severity: 'critical' }, byPerson)?.kind).toBe('reopened');
    expect(incidentChanges(ended, { ...before, evidence: [pushed] }, byPerson)?.kind).toBe('reopened');
    expect(incidentChanges(ended, { ...before, state: 'resolved' }, byPerson)).toBeNull();
  });

  it('says nothing more of what went into another incident', () => {
    expect(incidentChanges({ ...before, state: 'merged' }, { ...before, severity: 'critical' }, bySystem)).toBeNull();
  });

  it('counts what would be too much to read', () => {
    const steps = Array.from({ length: 40 }, (_, index) => ({ ...step!, title: `step ${index}`, technique: null }));
    const { news } = incidentChanges(null, { ...before, steps }, bySystem);
    expect(news).toHaveLength(11);
    expect(news.at(-1)).toBe('30 more');
  });
});
