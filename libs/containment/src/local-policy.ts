import { containmentActions, InvalidInput, matchesWildcard } from '@tidewaiter/domain';
import { YamlDocument } from '@tidewaiter/yaml';
import { z } from 'zod';

import type { Observed } from './action.js';
import { isSchedulable } from './actions/cordon-node.js';
import { replicasOf } from './actions/scale-to-zero.js';
import type { ContainmentOrder } from './order.js';
import { type OrderRefusal, refusal } from './refusals.js';
import { type HubKey, readHubKey } from './signed-order.js';

const maxFileChars = 262_144;
const patterns = z.array(z.string().min(1).max(253)).max(1_000);

const policySchema = z.strictObject({
  /** Public keys of hubs whose orders count. */
  hubKeys: z.array(z.string().max(1_000)).min(1).max(8),
  /** Whether orders are only checked and reported. */
  dryRun: z.boolean().default(true),
  actions: z.array(z.enum(containmentActions)).default([]),
  /** Namespaces in which the agent may act; `*` matches any characters. */
  namespaces: patterns.default([]),
  /** Namespaces in which it never acts, whatever `namespaces` says. */
  protectedNamespaces: patterns.default(['kube-*', 'tidewaiter']),
  /** Nodes that it may cordon or label. */
  nodes: patterns.default([]),
  /** Orders of the last hour that it carries out. */
  maxPerHour: z.int().min(1).max(1_000).default(10),
  /** Replicas of the largest workload that it scales to zero. */
  maxReplicas: z.int().min(1).max(100_000).default(50),
  /** Nodes on which pods can still be started after a node was cordoned. */
  keepSchedulableNodes: z.int().min(0).max(10_000).default(2),
});

/** Limits that an agent sets to orders, from a file of its cluster. The hub cannot change them. */
export type LocalPolicy = Omit<z.output<typeof policySchema>, 'hubKeys'> & { hubKeys: HubKey[] };

/** @throws InvalidInput `CONTAINMENT_POLICY_INVALID`, `CONTAINMENT_KEY_INVALID` */
export function readLocalPolicy(text: string): LocalPolicy {
  if (text.length > maxFileChars) throw invalid('it is too long');
  const read = policySchema.safeParse(parse(text));
  if (!read.success) {
    throw invalid(read.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`).join('; '));
  }
  return { ...read.data, hubKeys: read.data.hubKeys.map(readHubKey) };
}

function parse(text: string): unknown {
  try {
    const document = new YamlDocument(text, { uniqueKeys: true });
    if (document.errors.length === 0) return document.plain(10);
  } catch {
    // Like a syntax error.
  }
  throw invalid('not valid YAML');
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput('CONTAINMENT_POLICY_INVALID', `the containment policy: ${problem}`);
}

/**
 * Returns why the policy forbids an order; null if it allows it.
 * @param ownNamespace namespace of the agent, which it never changes
 * @param recent number of orders that were carried out in the last hour
 */
export function forbids(
  policy: LocalPolicy,
  { action, subject }: Pick<ContainmentOrder, 'action' | 'subject'>,
  { ownNamespace, recent }: { ownNamespace: string; recent: number },
): OrderRefusal | null {
  if (!policy.actions.includes(action)) return refusal('ACTION_FORBIDDEN', `the policy does not allow ${action}`);
  const { namespace, name } = subject;
  if (namespace === null) {
    if (!matchesAny(policy.nodes, name)) return refusal('NODE_FORBIDDEN', `the policy does not allow node ${name}`);
  } else if (namespace === ownNamespace || matchesAny(policy.protectedNamespaces, namespace)) {
    return refusal('NAMESPACE_PROTECTED', `the policy protects the namespace ${namespace}`);
  } else if (!matchesAny(policy.namespaces, namespace)) {
    return refusal('NAMESPACE_FORBIDDEN', `the policy does not allow the namespace ${namespace}`);
  }
  return recent < policy.maxPerHour
    ? null
    : refusal('RATE_EXCEEDED', `the policy allows ${policy.maxPerHour} orders an hour`);
}

/** Returns why the policy forbids an order in view of what runs in the cluster; null otherwise. */
export function exceeds(
  { maxReplicas, keepSchedulableNodes }: LocalPolicy,
  { action }: Pick<ContainmentOrder, 'action'>,
  { subject, nodes = [] }: Observed,
): OrderRefusal | null {
  if (action === 'scale-to-zero' && subject !== null && replicasOf(subject) > maxReplicas)
    return refusal('SCALE_EXCEEDED', `it has ${replicasOf(subject)} replicas; the policy allows ${maxReplicas}`);
  if (action === 'cordon-node' && nodes.filter(isSchedulable).length - 1 < keepSchedulableNodes)
    return refusal('NODES_EXHAUSTED', `the policy keeps ${keepSchedulableNodes} nodes schedulable`);
  return null;
}

function matchesAny(given: readonly string[], text: string): boolean {
  return given.some((pattern) => matchesWildcard(pattern, text));
}
