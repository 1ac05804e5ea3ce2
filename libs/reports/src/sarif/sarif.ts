import {
  compareSeverity,
  cut,
  type FindingKind,
  type FindingLocation,
  layerText,
  locationText,
  morePlaces,
  placeOf,
  printable,
  type Severity,
} from '@tidewaiter/domain';

import { byRisk } from '../finding-groups.js';
import { jsonText } from '../json-text.js';
import type { Report, ReportFinding, ReportFormat, ReportWarning } from '../report.js';
import { countOf, fixText, verdictText } from '../wording.js';

// GitHub rejects a file with more results than this and displays only the first ones.
// @see
// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit
const maxResults = 25_000;
const maxShown = 5000;
const maxNotifications = 1000;
const maxText = 1000;

/**
 * SARIF 2.1.0 within the limits of GitHub's code scanning. @see
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/
 */
export const sarif: ReportFormat = {
  name: 'sarif',
  ofSeveral: 'lines',
  render: (report, { toolVersion }) => {
    const findings = report.findings.toSorted(byRisk);
    const note = findings.length > maxShown ? truncationNote(findings.length) : undefined;
    // The note takes the place of one result.
    const reported = findings.slice(0, maxResults - 1);
    const rules = rulesOf(reported, note);
    const indexes = new Map(rules.map(({ id }, index) => [id, index]));
    const noted = note === undefined ? [] : [noteResult(note, report, indexes)];
    return jsonText({
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'Tidewaiter', version: toolVersion, rules } },
          automationDetails: { id: `tidewaiter/${repositoryOf(report.target.reference)}/` },
          invocations: [invocationOf(report, note)],
          results: [...noted, ...reported.map((finding) => resultOf(finding, report, indexes))],
          columnKind: 'utf16CodeUnits',
          properties: {
            image: report.target.reference,
            digest: report.target.digest,
            verdict: verdictText(report),
            advisorySources: report.stats.advisorySources,
          },
        },
      ],
    });
  },
};

const noteRule = 'tidewaiter-truncated';

function truncationNote(count: number): string {
  const cutOff =
    count >= maxResults ? ` This file holds the worst ${(maxResults - 1).toLocaleString('en-US')} of them.` : '';
  return `GitHub shows ${maxShown.toLocaleString('en-US')} results and this image has ${countOf(count, 'finding')}, the worst first.${cutOff} The JSON report has all.`;
}

function invocationOf({ warnings, stats }: Report, note: string | undefined): object {
  const all = note === undefined ? warnings : [{ code: noteRule, path: null, message: note }, ...warnings];
  return {
    executionSuccessful: true,
    startTimeUtc: stats.startedAt,
    toolExecutionNotifications: all.slice(0, maxNotifications).map(notificationOf),
  };
}

function notificationOf({ code, path, message }: ReportWarning): object {
  return {
    level: 'warning',
    descriptor: { id: printable(code) },
    message: { text: printable(message) },
    ...(path !== null && { locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }] }),
  };
}

interface Rule {
  id: string;
  [field: string]: unknown;
}

function rulesOf(findings: readonly ReportFinding[], note: string | undefined): Rule[] {
  const byRule = Map.groupBy(findings, ruleId);
  const rules = [...byRule].map(([id, members]) => ruleOf(id, members));
  if (note === undefined) return rules;
  const description = { text: 'There are more findings than are shown' };
  return [{ id: noteRule, shortDescription: description, defaultConfiguration: { level: 'note' } }, ...rules];
}

function ruleOf(id: string, findings: readonly ReportFinding[]): Rule {
  const worst = findings.toSorted((a, b) => compareSeverity(a.severity, b.severity))[0]!;
  const text = printable(worst.title, maxText) || id;
  const score = securitySeverity(worst);
  return {
    id,
    shortDescription: { text },
    fullDescription: { text },
    help: {
      text: [text, fixText(worst), ...worst.aliases]
        .filter((line) => line !== undefined)
        .map((line) => printable(line))
        .join('\n'),
    },
    defaultConfiguration: { level: levels[worst.severity] },
    properties: {
      tags: ['security', worst.kind],
      precision: precisions[worst.confidence],
      ...(score !== undefined && { 'security-severity': score }),
    },
  };
}

/** Ids of rules of different kinds may collide; those of advisories stay unchanged. */
function ruleId({ kind, id }: { kind: FindingKind; id: string }): string {
  return kind === 'vulnerability' ? printable(id) : `${kind}/${printable(id)}`;
}

const levels: Record<Severity, 'error' | 'warning' | 'note'> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  negligible: 'note',
  unknown: 'warning',
};

const precisions = { certain: 'very-high', likely: 'high', possible: 'medium' } as const;

/** Scores that GitHub maps back to our severity, so that both display the same word. */
const scores: Partial<Record<Severity, { least: number; usual: number; most: number }>> = {
  critical: { least: 9.1, usual: 9.5, most: 10 },
  high: { least: 7, usual: 8, most: 8.9 },
  medium: { least: 4, usual: 5.5, most: 6.9 },
  low: { least: 0.1, usual: 2, most: 3.9 },
  negligible: { least: 0.1, usual: 0.1, most: 0.1 },
};

function securitySeverity({ severity, cvss }: ReportFinding): string | undefined {
  const range = scores[severity];
  if (range === undefined) return undefined;
  return Math.min(range.most, Math.max(range.least, cvss?.score ?? range.usual)).toFixed(1);
}

function resultOf(finding: ReportFinding, report: Report, indexes: ReadonlyMap<string, number>): object {
  const id = ruleId(finding);
  const { fingerprint, purl, severity } = finding;
  const logical = purl === null ? {} : { logicalLocations: [{ fullyQualifiedName: purl, kind: 'package' }] };
  return {
    ruleId: id,
    ruleIndex: indexes.get(id),
    level: levels[severity],
    message: { text: messageOf(finding) },
    locations: locationsOf(finding, report).map((each) => ({ ...each, ...logical })),
    // GitHub distinguishes alerts by the first fingerprint only.
    partialFingerprints: { primaryLocationLineHash: fingerprint, 'tidewaiter/v1': fingerprint },
    properties: propertiesOf(finding),
  };
}

function noteResult(text: string, { target }: Report, indexes: ReadonlyMap<string, number>): object {
  const location = { artifactLocation: { uri: uriOf(target.reference) }, region: { startLine: 1 } };
  return {
    ruleId: noteRule,
    ruleIndex: indexes.get(noteRule),
    level: 'note',
    message: { text },
    locations: [{ physicalLocation: location }],
    partialFingerprints: { primaryLocationLineHash: noteRule },
  };
}

function messageOf(finding: ReportFinding): string {
  const { severity, title, packageName, installedVersion, evidence } = finding;
  const installed = packageName === null ? undefined : `in ${packageName} ${installedVersion ?? ''}`.trim();
  const facts = [
    title,
    installed,
    fixText(finding),
    placeOf(finding),
    layerText(finding),
    morePlaces(finding),
    evidence['masked'],
    evidence['fix'],
  ];
  const shown = facts.filter((fact) => typeof fact === 'string' && fact !== '');
  return `${severity}: ${shown.map((fact) => printable(String(fact))).join('; ')}`;
}

/**
 * Every place of a secret: each has to change. @see
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html, section 3.27.12
 */
function locationsOf({ path, evidence, locations = [] }: ReportFinding, { target }: Report): object[] {
  const place = (each: { path: string | null; line?: unknown }) => ({
    physicalLocation: physicalLocation(each.path ?? target.reference, each.line),
  });
  if (locations.length < 2) return [place({ path, line: evidence['line'] })];
  return locations.map((each: FindingLocation) => ({
    ...place(each),
    message: { text: printable(locationText(each)) },
  }));
}

function physicalLocation(path: string, line: unknown): object {
  const startLine = typeof line === 'number' && Number.isSafeInteger(line) && line > 0 ? line : 1;
  return { artifactLocation: { uri: uriOf(path) }, region: { startLine } };
}

/** Path as a relative URI; the colon is encoded too, or the first segment would be a scheme. */
function uriOf(path: string): string {
  const uri = path.toWellFormed().split('/').map(encodeURIComponent).join('/').replace(/^\/+/, '');
  return uri === '' ? 'image' : uri;
}

function propertiesOf(finding: ReportFinding): object {
  const { kind, state, layer, kev, kevLists, epss, match, reachability, confidence } = finding;
  return {
    ...{ kind, state, layer, kev },
    ...(kevLists && { kevLists }),
    ...{ epss, match },
    ...(reachability && { reachability }),
    confidence,
  };
}

/**
 * Without tag and digest: uploads of the same category replace each other, those of other images do
 * not.
 */
function repositoryOf(reference: string): string {
  const [untagged = ''] = reference.split('@', 1);
  return printable(cut(untagged.replace(/:[^:/]*$/, ''), 200)) || 'image';
}
