import {
  compareSeverity,
  countedFindings,
  type FindingChanges,
  type PolicyResult,
  printable,
  type SeverityCounts,
  type Verdict,
} from '@tidewaiter/domain';
import type { ReportFinding } from '@tidewaiter/reports';

import { changeCounts, changeSections, findingLine, section } from '../diff/change-text.js';
import { count } from '../terminal.js';

/** Answer of a gate, as `-o json` prints it. */
export interface GateAnswer {
  image: string;
  digest: string | null;
  against: string | null;
  failOn: string | null;
  result: Verdict;
  reasons: string[];
  /** Null without an image for comparison. */
  changes: FindingChanges<ReportFinding> | null;
  findings: ReportFinding[];
  /** Number of counted findings by severity; absent in the answer of an older server. */
  counts?: SeverityCounts;
  suppressed: unknown[];
  policies: PolicyResult[];
  warnings: { code: string; path: string | null; message: string }[];
  /** The image's page in the console; only with `--server`. */
  consoleUrl?: string;
}

/** Text output: findings, policies, warnings, the console's page, and the verdict last. */
export function answerText(answer: GateAnswer): string {
  const { changes, findings, suppressed, policies, warnings, result, reasons, consoleUrl } = answer;
  const lists = changes
    ? changeSections(changes)
    : [section('findings', countedFindings(findings).toSorted(worstFirst), findingLine)];
  const asked = policies.filter((policy) => policy.result !== 'pass');
  const sections = [
    ...lists,
    section(
      'policies',
      asked,
      ({ name, mode, result: answer, reasons: why }) => `${name} (${mode}): ${answer}: ${why.join('; ')}`,
    ),
    section('warnings', warnings, ({ code, path, message }) =>
      [code, path, message].filter((part) => part !== null).join(': '),
    ),
  ];
  const counts = changes ? changeCounts(changes) : `findings: ${count(countedFindings(findings).length)}`;
  const hidden = suppressed.length > 0 ? `, ${suppressed.length} suppressed` : '';
  const verdict = reasons.length > 0 ? reasons.map((reason) => `${result}: ${printable(reason)}`) : [result];
  const page = consoleUrl === undefined ? [] : [`details: ${consoleUrl}`];
  return [...sections.filter((each) => each !== ''), `${counts}${hidden}`, ...page, ...verdict, ''].join('\n');
}

function worstFirst(a: ReportFinding, b: ReportFinding): number {
  return compareSeverity(a.severity, b.severity);
}
