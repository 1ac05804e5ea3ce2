import type { ContainmentSubject } from '@tidewaiter/domain';
import { minerIncident } from '@tidewaiter/testkit';

import { automaticChoices, type AutomaticRule } from './automatic.js';

const deployment: ContainmentSubject = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: null };
const pod: ContainmentSubject = { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u' };
const node: ContainmentSubject = { kind: 'Node', namespace: null, name: 'node-1', uid: null };
const places = [deployment, pod, node].map((subject) => ({ cluster: 'eu1', subject }));
const incident = minerIncident({ severity: 'high' });
const base: AutomaticRule = {
  ...{ name: 'miners', action: 'isolate', mode: 'enforce', severity: 'high' },
  ...{ rules: [], namespaces: [], clusters: [] },
};
const chosen = (rule: Partial<AutomaticRule>, of = incident) =>
  automaticChoices([{ ...base, ...rule }], of, places).map(({ subject }) => subject.name);

describe('automaticChoices', () => {
  it('chooses the workload, and its pods only for what applies to pods alone', () => {
    expect(chosen({})).toEqual(['web']);
    expect(chosen({ action: 'delete-pod' })).toEqual(['web-1']);
    expect(chosen({ action: 'cordon-node' })).toEqual(['node-1']);
  });

  it.each([
    ['that is off', { mode: 'off' as const }],
    ['for a higher severity', { severity: 'critical' as const }],
    ['for another namespace', { namespaces: ['pay*'] }],
    ['for another cluster', { clusters: ['us*'] }],
    ['about other rules', { rules: ['Shell in a container'] }],
    ['for a namespace, whose nodes are shared', { action: 'cordon-node' as const, namespaces: ['shop'] }],
  ])('ignores a rule %s', (_, rule) => {
    expect(chosen(rule)).toEqual([]);
  });

  it('leaves incidents alone that have ended', () => {
    expect(chosen({}, { ...incident, state: 'resolved' })).toEqual([]);
  });
});
