import type { Activity } from '@tidewaiter/domain';
import type { CorrelationRule, LogSource, RuleSet } from '@tidewaiter/sigma';

export interface DetectorRules {
  rules: RuleSet;
  correlations: readonly CorrelationRule[];
}

/**
 * Fields whose values are unique to a node: equal values come from one node. A field missing here
 * only makes a correlation wide, which is safe.
 */
const nodeFields: ReadonlySet<string> = new Set([
  'Node',
  'Container.Id',
  'Pod.Name',
  'Pod.Uid',
  'Process.ExecId',
  'Process.ParentExecId',
  'Process.Pid',
  'Process.ParentPid',
  // Fields of Sigma.
  'ProcessGuid',
  'ParentProcessGuid',
  'ProcessId',
  'ParentProcessId',
  // Fields of sensors.
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

/** Activities that sensors on a node report. */
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
 * Whether all events that a correlation joins come from one node, so that the detector of the
 * node's partition can evaluate it alone: it groups by a node field, and only sensors on nodes
 * report its parts. A correlation that another one refers to is evaluated where that one is.
 */
export function isLocal(correlation: CorrelationRule, rules: DetectorRules): boolean {
  return !wideCorrelations(rules).has(correlation);
}

/**
 * Returns the correlations that join events of several partitions, inner ones before those that
 * build on them.
 */
export function wideCorrelations(rules: DetectorRules): ReadonlySet<CorrelationRule> {
  let wide = found.get(rules.correlations);
  if (!wide) found.set(rules.correlations, (wide = findWide(rules)));
  return wide;
}

/** Cached by list: every partition has the same rules. */
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

/** Whether one correlation is local by itself; inner correlations are tested on their own. */
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

/**
 * Whether nodes report the events of a log source. A rule without a category counts as a node's,
 * since fields of containers and processes come from nodes; passing on all its events would flood
 * the other detectors.
 */
function isOfNodes(logsource: LogSource | undefined): boolean {
  const { product, category } = logsource ?? {};
  return product === 'linux' || (product === 'tidewaiter' && (category === undefined || nodeActivities.has(category)));
}

export function wordsOf({ id, name }: { id: string; name: string | null }): string[] {
  return name === null ? [id] : [id, name];
}
