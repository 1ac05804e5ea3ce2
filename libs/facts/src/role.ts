import { own } from './own.js';
import type { ObservationSubject } from './subject.js';

/** Roles by the values of namespace labels. */
const words: Readonly<Record<string, string>> = {
  builder: 'builder',
  build: 'builder',
  ci: 'builder',
  debug: 'debug',
  security: 'security',
};

/** Returns the role of an observation's namespace: by the policy, else by its labels. */
export function roleOf({ namespace, workloadRef, workloadName, context }: ObservationSubject): string | undefined {
  if (namespace === null) return undefined;
  const { builderNamespaces, debugNamespaces, securityAgents, roleLabels } = context.policy;
  if (builderNamespaces.includes(namespace)) return 'builder';
  if (debugNamespaces.includes(namespace)) return 'debug';
  if (workloadName !== null && securityAgents.includes(workloadName)) return 'security';
  const labels = workloadRef === null || roleLabels.length === 0 ? {} : context.namespaceLabelsOf(workloadRef);
  for (const label of roleLabels) {
    const role = own(words, own(labels, label)?.toLowerCase() ?? '');
    if (role !== undefined) return role;
  }
  return 'app';
}
