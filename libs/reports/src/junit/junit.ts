import { type FindingKind, findingKinds, layerText, locationText, morePlaces, placeOf } from '@tidewaiter/domain';

import { byRisk } from '../finding-groups.js';
import type { Report, ReportFinding, ReportFormat } from '../report.js';
import { checkedText, fixText, verdictText, warningText } from '../wording.js';
import { element, text, type Xml } from './xml.js';

interface Suite {
  name: string;
  cases: TestCase[];
}

interface TestCase {
  xml: Xml;
  outcome: 'passed' | 'failure' | 'error' | 'skipped';
}

/**
 * Writes JUnit XML for CI systems: one suite for the scan itself and one for each kind of finding.
 */
export const junit: ReportFormat = {
  name: 'junit',
  ofSeveral: 'none',
  render: (report) => {
    const suites = [
      scanSuite(report),
      ...findingKinds.map((kind) => suiteOf(kind, report)).filter(({ cases }) => cases.length > 0),
    ];
    const time = (report.stats.durationMs / 1000).toFixed(3);
    const cases = suites.flatMap((suite) => suite.cases);
    const children = suites.map((suite) => suiteElement(suite, report.stats.startedAt));
    const root = element('testsuites', { name: report.target.reference, ...countsOf(cases), time }, children);
    return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
  },
};

function suiteElement({ name, cases }: Suite, timestamp: string): Xml {
  return element(
    'testsuite',
    { name, ...countsOf(cases), timestamp },
    cases.map(({ xml }) => xml),
  );
}

function countsOf(cases: readonly TestCase[]): Record<string, string> {
  const count = (outcome: TestCase['outcome']) => String(cases.filter((each) => each.outcome === outcome).length);
  return { tests: String(cases.length), failures: count('failure'), errors: count('error'), skipped: count('skipped') };
}

/** Suite of the scan: an image that was not read completely is an error, not a clean one. */
function scanSuite(report: Report): Suite {
  const { verdict, warnings } = report;
  const warningTexts = warnings.map(warningText);
  const parts = [
    ...(verdict.result === 'unknown'
      ? [element('error', { type: 'unknown', message: verdictText(report) }, [text(verdict.reasons.join('\n'))])]
      : []),
    element('system-out', {}, [text(`checked ${checkedText(report)}`)]),
    ...(warningTexts.length > 0 ? [element('system-err', {}, [text(warningTexts.join('\n'))])] : []),
  ];
  return {
    name: 'scan',
    cases: [testCase('scan', 'everything was read', verdict.result === 'unknown' ? 'error' : 'passed', parts)],
  };
}

function suiteOf(kind: FindingKind, { findings }: Report): Suite {
  const cases = findings
    .filter((finding) => finding.kind === kind)
    .toSorted(byRisk)
    .map(caseOf);
  return { name: kind, cases };
}

/**
 * Test case of a finding. A finding that a later layer hides is skipped, except for a secret, which
 * is still exposed.
 */
function caseOf(finding: ReportFinding): TestCase {
  const { kind, id, severity, title, state, purl, path } = finding;
  const isSkipped = state === 'shadowed' && kind !== 'secret';
  const message = `${severity}: ${title}`;
  const result = isSkipped
    ? element('skipped', { message: `${message} (${layerText(finding) ?? 'removed in a later layer'})` })
    : element('failure', { type: severity, message }, [text(textOf(finding))]);
  return testCase(purl ?? path ?? kind, id, isSkipped ? 'skipped' : 'failure', [result]);
}

function testCase(classname: string, name: string, outcome: TestCase['outcome'], parts: readonly Xml[]): TestCase {
  return { xml: element('testcase', { classname, name }, parts), outcome };
}

/** The other places of a secret, one a line. */
function placeLines(finding: ReportFinding): (string | null)[] {
  const { locations = [], moreLocations = 0 } = finding;
  const others = locations.slice(1).map(locationText);
  const left = moreLocations > 0 ? [`and ${moreLocations.toLocaleString('en-US')} that are not listed`] : [];
  return others.length === 0 ? [] : [`${morePlaces(finding)}:`, ...others, ...left];
}

function textOf(finding: ReportFinding): string {
  const { title, purl, evidence } = finding;
  const lines = [
    title,
    purl,
    placeOf(finding),
    layerText(finding),
    fixText(finding),
    evidence['masked'],
    evidence['fix'],
    ...placeLines(finding),
  ];
  return lines.filter((line) => typeof line === 'string' && line !== '').join('\n');
}
