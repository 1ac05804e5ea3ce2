import type { Activity } from '@tidewaiter/domain';
import type { CorrelationRule, LogSource, RuleSet } from '@tidewaiter/sigma';

export interface DetectorRules {
  rules: RuleSet;
  correlations: readonly CorrelationRule[];
}

/** What has no meaning beyond its node: equal values are of one node. Of other fields nobody knows, which is no harm. */
const nodeFields: ReadonlySet<string> = new Set([
  'Node',
  'Container.Id',
  'Pod.Name',
  'Pod.Uid',
  'Process.ExecId',
  'Process.ParentExecId',
  'Process.Pid',
  'Process.ParentPid',
  // Sigma's
  'ProcessGuid',
  'ParentProcessGuid',
  'ProcessId',
  'ParentProcessId',
  // of sensors
  'container.id',
  'containerId',
  'k8s.pod.name',
  'k8s.pod.uid',
  'node_name',
  'podName',
  'proc.pid',
  'proc.ppid',
  'process.exec_id',
  'process.pid',
]);

/** What a sensor on a node tells of. */
const nodeActivities: ReadonlySet<string> = new Set<Activity>([
  'exec',
  'exit',
  'file',
  'connect',
  'accept',
  'listen',
  'send',
  'dns',
  'load',
  'privilege',
]);

/**
 * Whether all that a correlation joins is told by one node, so that who reads the node's partition alone can judge it: it groups by something of
 * a node, and nothing but nodes tells of its parts. Whoever is named by another correlation goes where that goes.
 */
export function isLocal(correlation: CorrelationRule, rules: DetectorRules): boolean {
  return !wideCorrelations(rules).has(correlation);
}

/** Those that join what several partitions tell, inner ones before those that build on them. */
export function wideCorrelations(rules: DetectorRules): ReadonlySet<CorrelationRule> {
  let wide = found.get(rules.correlations);
  if (!wide) found.set(rules.correlations, (wide = findWide(rules)));
  return wide;
}

/** Every partition asks, of the same rules. */
const found = new WeakMap<readonly CorrelationRule[], ReadonlySet<CorrelationRule>>();

function findWide({ rules, correlations }: DetectorRules): ReadonlySet<CorrelationRule> {
  const parts = new Set(correlations.flatMap((correlation) => correlation.rules));
  const logsources = new Map<string, LogSource | undefined>();
  for (const rule of rules.rules)
    for (const word of wordsOf(rule)) if (parts.has(word)) logsources.set(word, rules.logsourceOf(rule));
  const byWord = new Map(correlations.flatMap((each) => wordsOf(each.info).map((word) => [word, each] as const)));

  const wide = new Set(correlations.filter((each) => !isOfOneNode(each, (word) => logsources.get(word), byWord)));
  for (let before = -1; before !== wide.size;) {
    before = wide.size;
    for (const outer of correlations) {
      const family = [outer, ...outer.rules.flatMap((word) => byWord.get(word) ?? [])];
      if (family.some((each) => wide.has(each))) for (const each of family) wide.add(each);
    }
  }
  return new Set(correlations.filter((each) => wide.has(each)));
}

/** By itself; of an inner correlation it is asked for itself. */
function isOfOneNode(
  { groupBy, aliases, rules }: CorrelationRule,
  logsourceOf: (word: string) => LogSource | undefined,
  inner: ReadonlyMap<string, CorrelationRule>,
): boolean {
  const isNodeField = (name: string) => {
    const meant = aliases.get(name)?.values() ?? [name];
    return [...meant].every((field) => nodeFields.has(field));
  };
  return groupBy.some(isNodeField) && rules.every((word) => inner.has(word) || isOfNodes(logsourceOf(word)));
}

/** What a rule of any activity asks of a container or process, nodes tell: passing all of it on would flood the others. */
function isOfNodes(logsource: LogSource | undefined): boolean {
  const { product, category } = logsource ?? {};
  return product === 'linux' || (product === 'tidewaiter' && (category === undefined || nodeActivities.has(category)));
}

export function wordsOf({ id, name }: { id: string; name: string | null }): string[] {
  return name === null ? [id] : [id, name];
}
