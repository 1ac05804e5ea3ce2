import {
  type ContainmentAction,
  type ContainmentSubject,
  type Incident,
  isAtLeast,
  matchesWildcard,
  type Severity,
} from '@tidewaiter/domain';

import { actions } from './actions/actions.js';

/** When an incident is contained without a user. Empty lists match everything. */
export interface AutomaticRule {
  name: string;
  action: ContainmentAction;
  /** `dry-run` only reports what would be done. */
  mode: 'off' | 'dry-run' | 'enforce';
  /** Least severity of the incident. */
  severity: Severity;
  /** Patterns of titles of rules, of which one has to match. */
  rules: string[];
  namespaces: string[];
  clusters: string[];
}

type JudgedIncident = Pick<Incident, 'severity' | 'rules' | 'state'>;

/** An order that a rule asks for. */
export interface AutomaticChoice {
  rule: AutomaticRule;
  cluster: string;
  subject: ContainmentSubject;
}

/**
 * Returns what the rules do about an incident: each to the subjects of the first suitable kind
 * of its action, so that a workload is isolated as a whole and its pods are not isolated again.
 */
export function automaticChoices(
  rules: readonly AutomaticRule[],
  incident: JudgedIncident,
  subjects: readonly { cluster: string; subject: ContainmentSubject }[],
): AutomaticChoice[] {
  if (incident.state !== 'open') return [];
  return rules
    .filter((rule) => rule.mode !== 'off' && isAtLeast(incident.severity, rule.severity))
    .filter(({ rules: titles }) =>
      fits(
        titles,
        incident.rules.map(({ title }) => title),
      ),
    )
    .flatMap((rule) => {
      const places = subjects.filter(
        ({ cluster, subject: { namespace } }) =>
          fits(rule.clusters, [cluster]) && fits(rule.namespaces, namespace === null ? [] : [namespace]),
      );
      const workloadsFirst = actions[rule.action].kinds.toSorted((a, b) => Number(a === 'Pod') - Number(b === 'Pod'));
      const kind = workloadsFirst.find((each) => places.some(({ subject }) => subject.kind === each));
      return places.filter(({ subject }) => subject.kind === kind).map((place) => ({ rule, ...place }));
    });
}

function fits(patterns: readonly string[], texts: readonly string[]): boolean {
  return patterns.length === 0 || patterns.some((pattern) => texts.some((text) => matchesWildcard(pattern, text)));
}
