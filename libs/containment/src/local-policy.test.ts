import { generateKeyPairSync } from 'node:crypto';

import { containmentActions, type ContainmentSubject } from '@tidewaiter/domain';
import { containmentOrder } from '@tidewaiter/testkit';

import type { KubernetesObject } from './kubernetes.js';
import { exceeds, forbids, readLocalPolicy } from './local-policy.js';
import { hubKeyText } from './signed-order.js';

const key = hubKeyText(generateKeyPairSync('ed25519').privateKey);
const policyOf = (text: string) => readLocalPolicy(`hubKeys: [${key}]\n${text}`);
const inNamespace = (namespace: string): ContainmentSubject => ({ kind: 'Pod', namespace, name: 'web-1', uid: null });
const node: ContainmentSubject = { kind: 'Node', namespace: null, name: 'node-1', uid: null };
const context = { ownNamespace: 'security', recent: 0 };

describe('readLocalPolicy', () => {
  it('allows nothing by default, and only tries', () => {
    const policy = policyOf('');
    expect(policy).toMatchObject({ dryRun: true, actions: [], namespaces: [], nodes: [] });
    for (const action of containmentActions)
      expect(forbids(policy, { action, subject: inNamespace('shop') }, context)?.refused).toBe('ACTION_FORBIDDEN');
  });

  it.each([
    ['no key', 'actions: [isolate]'],
    ['an action that is not known', `hubKeys: [${key}]\nactions: [exec]`],
    ['a key of the file that is not known', `hubKeys: [${key}]\nnamespace: [shop]`],
    ['a rate of zero', `hubKeys: [${key}]\nmaxPerHour: 0`],
    ['no YAML', 'hubKeys: ['],
    ['a list', '[1]'],
    ['nothing', ''],
  ])('rejects %s', (_, text) => {
    expect(() => readLocalPolicy(text)).toThrow(expect.objectContaining({ code: 'CONTAINMENT_POLICY_INVALID' }));
  });
});

describe('forbids', () => {
  const policy = policyOf("actions: [isolate, cordon-node]\nnamespaces: ['*']\nnodes: [node-*]\nmaxPerHour: 2");

  it.each([
    ['shop', null],
    ['kube-system', 'NAMESPACE_PROTECTED'],
    ['kube-public', 'NAMESPACE_PROTECTED'],
    ['tidewaiter', 'NAMESPACE_PROTECTED'],
    // The agent's own, however it is called.
    ['security', 'NAMESPACE_PROTECTED'],
  ])('protects namespaces of the system where all are allowed: %s', (namespace, code) => {
    const order = { action: 'isolate' as const, subject: inNamespace(namespace) };
    expect(forbids(policy, order, context)?.refused ?? null).toBe(code);
  });

  it('never allows the namespace of the agent', () => {
    const open = policyOf("actions: [isolate]\nnamespaces: ['*']\nprotectedNamespaces: []");
    const refused = (namespace: string) =>
      forbids(open, { action: 'isolate', subject: inNamespace(namespace) }, context)?.refused ?? null;
    expect([refused('kube-system'), refused('security')]).toEqual([null, 'NAMESPACE_PROTECTED']);
  });

  it('allows namespaces that match a pattern as a whole', () => {
    const shops = policyOf("actions: [isolate]\nnamespaces: ['shop-*']");
    const refused = (namespace: string) =>
      forbids(shops, { action: 'isolate', subject: inNamespace(namespace) }, context)?.refused ?? null;
    expect([refused('shop-eu'), refused('shop'), refused('a-shop-eu')]).toEqual([
      null,
      'NAMESPACE_FORBIDDEN',
      'NAMESPACE_FORBIDDEN',
    ]);
  });

  it('allows nodes by their own list', () => {
    expect(forbids(policy, { action: 'cordon-node', subject: node }, context)).toBeNull();
    const other = { ...node, name: 'master-1' };
    expect(forbids(policy, { action: 'cordon-node', subject: other }, context)?.refused).toBe('NODE_FORBIDDEN');
  });

  it('limits the orders of an hour', () => {
    const order = { action: 'isolate' as const, subject: inNamespace('shop') };
    expect(forbids(policy, order, { ...context, recent: 1 })).toBeNull();
    expect(forbids(policy, order, { ...context, recent: 2 })?.refused).toBe('RATE_EXCEEDED');
  });
});

describe('exceeds', () => {
  const object = (spec: KubernetesObject['spec']): KubernetesObject => ({ metadata: { name: 'a', uid: 'u' }, spec });

  it('limits the replicas of a workload that is scaled to zero', () => {
    const policy = policyOf('maxReplicas: 3');
    const order = containmentOrder({ action: 'scale-to-zero' });
    const code = (replicas: number) => exceeds(policy, order, { subject: object({ replicas }) })?.refused ?? null;
    expect([code(3), code(4)]).toEqual([null, 'SCALE_EXCEEDED']);
  });

  it('keeps some nodes schedulable', () => {
    const policy = policyOf('keepSchedulableNodes: 1');
    const order = containmentOrder({ action: 'cordon-node', subject: node });
    const [open, cordoned] = [object({}), object({ unschedulable: true })];
    const code = (nodes: KubernetesObject[]) => exceeds(policy, order, { subject: open, nodes })?.refused ?? null;
    expect([code([open, open]), code([open, cordoned]), code([])]).toEqual([
      null,
      'NODES_EXHAUSTED',
      'NODES_EXHAUSTED',
    ]);
  });
});
