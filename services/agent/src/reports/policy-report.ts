import type { ClusterImage, ClusterWorkload } from '@tidewaiter/agent-protocol';
import type { JsonObject, Severity } from '@tidewaiter/domain';

import type { ObjectOwner } from '../kubernetes/watchers.js';
import type { ReportDraft } from './report-object.js';

/** Version and kind of a report of policies: those of two groups have the same members. */
export interface PolicyReportKind {
  apiVersion: string;
  kind: string;
}

type Outcome = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

interface PolicyResult extends JsonObject {
  policy: string;
  result: Outcome;
}

const outcomes: readonly Outcome[] = ['pass', 'fail', 'warn', 'error', 'skip'];
/** Severities of the API; an unknown one is left out. */
const severityNames: Readonly<Record<Severity, string | null>> = {
  ...{ critical: 'critical', high: 'high', medium: 'medium', low: 'low', negligible: 'info', unknown: null },
};
const verdictResults = { pass: 'pass', fail: 'fail', unknown: 'error' } as const;
const verdictTexts = { pass: 'passes', fail: 'fails', unknown: 'was not evaluated completely' };

/**
 * Misconfigurations of a workload and verdicts of its images, as a report of the policy working
 * group or of OpenReports.
 * @see https://github.com/kubernetes-sigs/wg-policy-prototypes and https://openreports.io
 */
export function policyReport(
  { apiVersion, kind }: PolicyReportKind,
  owner: ObjectOwner,
  { misconfigurations, misconfigurationCounts }: ClusterWorkload,
  images: readonly ClusterImage[],
): ReportDraft {
  const listed = [...images.flatMap(verdictResult), ...misconfigurations.map(misconfigurationResult)];
  const all = Object.values(misconfigurationCounts).reduce((sum, count) => sum + count, 0);
  const omitted = Math.max(0, all - misconfigurations.length);
  const results = omitted > 0 ? [...listed, omission(omitted)] : listed;
  const summary = Object.fromEntries(
    outcomes.map((outcome) => [outcome, results.filter(({ result }) => result === outcome).length]),
  );
  const { apiVersion: ownerVersion, ...same } = owner;
  return {
    ...{ apiVersion, kind, part: null, labels: {}, omitted },
    body: {
      scope: { apiVersion: ownerVersion, ...same },
      summary: { ...summary, fail: summary['fail']! + omitted },
      results,
    },
    times: {},
  };
}

function misconfigurationResult(finding: ClusterWorkload['misconfigurations'][number]): PolicyResult {
  const { check, severity, title, container, field, firstSeen } = finding;
  const name = severityNames[severity];
  const seconds = Math.floor(Date.parse(firstSeen) / 1_000);
  return {
    ...{ source: 'tidewaiter', category: 'Misconfiguration', policy: check, result: 'fail', message: title },
    ...(name !== null && { severity: name }),
    timestamp: { seconds, nanos: 0 },
    ...((container !== null || field !== null) && {
      properties: { ...(container !== null && { container }), ...(field !== null && { field }) },
    }),
  };
}

function verdictResult({ digest, repository, tag, verdict }: ClusterImage): PolicyResult[] {
  if (verdict === null) return [];
  const name = repository === null ? digest : `${repository}${tag === null ? '' : `:${tag}`}`;
  return [
    {
      ...{ source: 'tidewaiter', category: 'Image', policy: 'image-verdict', result: verdictResults[verdict] },
      message: `${name} ${verdictTexts[verdict]}`,
      properties: { digest },
    },
  ];
}

function omission(omitted: number): PolicyResult {
  return {
    ...{ source: 'tidewaiter', category: 'Misconfiguration', policy: 'results-limit', result: 'warn' },
    message: `${omitted} more results are not listed here`,
  };
}
