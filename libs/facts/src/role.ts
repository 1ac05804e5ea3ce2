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

/**
 * Returns the role of an observation's namespace: by the policy, else by its labels. What a
 * container itself shows is added where its processes are known.
 */
export function roleOf({ namespace, workloadRef, workloadName, context }: ObservationSubject): string | undefined {
  if (namespace === null) return undefined;
  const { builderNamespaces, debugNamespaces, securityAgents, environments, roleLabels, environmentLabels } =
    context.policy;
  if (builderNamespaces.includes(namespace)) return 'builder';
  if (debugNamespaces.includes(namespace)) return 'debug';
  if (workloadName !== null && securityAgents.includes(workloadName)) return 'security';
  const labels = workloadRef === null ? {} : context.namespaceLabelsOf(workloadRef);
  if (own(environments, namespace) !== undefined) return environments[namespace] === 'dev' ? 'dev' : 'app';
  for (const label of roleLabels) {
    const role = own(words, own(labels, label)?.toLowerCase() ?? '');
    if (role !== undefined) return role;
  }
  return environmentLabels.some((label) => development.has(own(labels, label)?.toLowerCase() ?? '')) ? 'dev' : 'app';
}

/** Values of labels for environments in which people change what runs. */
const development: ReadonlySet<string> = new Set(['dev', 'devel', 'develop', 'development', 'sandbox', 'playground']);
