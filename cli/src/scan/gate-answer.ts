import { type FindingChanges, type PolicyResult, printable, type Verdict } from '@tidewaiter/domain';
import type { ReportFinding } from '@tidewaiter/reports';

import { changeCounts, changeSections, findingLine, section } from './change-text.js';

/** What a gate answers, as `-o json` writes it. */
export interface GateAnswer {
  image: string;
  digest: string | null;
  against: string | null;
  failOn: string | null;
  result: Verdict;
  reasons: string[];
  /** Null without an image to compare with. */
  changes: FindingChanges<ReportFinding> | null;
  findings: ReportFinding[];
  suppressed: unknown[];
  policies: PolicyResult[];
  warnings: { code: string; path: string | null; message: string }[];
}

/** For people: what changed, what the policies say, the verdict last. */
export function answerText({ changes, findings, suppressed, policies, warnings, result, reasons }: GateAnswer): string {
  const lists = changes ? changeSections(changes) : [section('findings', findings, findingLine)];
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
  const counts = changes ? changeCounts(changes) : `findings: ${findings.length}`;
  const hidden = suppressed.length > 0 ? `, ${suppressed.length} suppressed` : '';
  const verdict = reasons.length > 0 ? reasons.map((reason) => `${result}: ${printable(reason)}`) : [result];
  return [...sections.filter((each) => each !== ''), `${counts}${hidden}`, ...verdict, ''].join('\n');
}
