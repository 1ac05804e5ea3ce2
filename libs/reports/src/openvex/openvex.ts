import type { Suppressed } from '@tidewaiter/domain';

import { byRisk, isOfAdvisory } from '../finding-groups.js';
import { jsonText } from '../json-text.js';
import type { Report, ReportFinding, ReportFormat, ReportTarget } from '../report.js';
import { stableUuid } from '../stable-uuid.js';
import { fixText } from '../wording.js';

/** Status of a vulnerability; equal ones become one statement for all packages of the image. */
interface Status {
  status: 'affected' | 'not_affected' | 'under_investigation';
  justification?: string;
  impact_statement?: string;
  action_statement?: string;
  status_notes?: string;
}

/**
 * Writes OpenVEX 0.2.0: a statement for each vulnerability of the image, also for those that VEX
 * documents and exceptions suppress. A risk that an exception accepts is `affected`, with the
 * acceptance as its action; only VEX documents make an image `not_affected`.
 * @see https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
 */
export const openvex: ReportFormat = {
  name: 'openvex',
  ofSeveral: 'lines',
  render: (report, { toolVersion }) => {
    const statements = statementsOf(report);
    const { startedAt } = report.stats;
    return jsonText({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': `urn:uuid:${stableUuid('openvex', startedAt, JSON.stringify(statements))}`,
      author: 'Tidewaiter',
      timestamp: startedAt,
      version: 1,
      tooling: `tidewaiter ${toolVersion}`,
      statements,
    });
  },
};

function statementsOf({ findings, suppressed, target }: Report): object[] {
  const stated = [
    ...findings.map((finding) => ({ finding, status: statusOf(finding) })),
    ...suppressed.map((finding) => ({ finding, status: statusOfSuppressed(finding) })),
  ]
    .filter(({ finding }) => isOfAdvisory(finding) && finding.state === 'present')
    .toSorted((a, b) => byRisk(a.finding, b.finding));
  const joined = Map.groupBy(stated, ({ finding: { id }, status }) => JSON.stringify([id, status]));
  return [...joined.values()].map((each) => {
    const { finding, status } = each[0]!;
    const aliases = [...new Set(finding.aliases)].filter((alias) => alias !== finding.id);
    const purls = [...new Set(each.map(({ finding: { purl } }) => purl).filter((purl) => purl !== null))];
    return {
      vulnerability: { name: finding.id, ...(aliases.length > 0 && { aliases }) },
      products: [
        { ...productOf(target), ...(purls.length > 0 && { subcomponents: purls.map((purl) => ({ '@id': purl })) }) },
      ],
      ...status,
    };
  });
}

function statusOf(finding: ReportFinding): Status {
  if (finding.match === 'unknown')
    return { status: 'under_investigation', status_notes: 'The version cannot be compared with the affected ones.' };
  return { status: 'affected', action_statement: fixText(finding) ?? 'no fix is known' };
}

function statusOfSuppressed({ by }: Suppressed<ReportFinding>): Status {
  const { kind, author, reason, justification, until } = by;
  if (kind !== 'vex') {
    const accepted = ['accepted', author && `by ${author}`, until && `until ${until}`].filter(Boolean).join(' ');
    return { status: 'affected', action_statement: reason === null ? accepted : `${accepted}: ${reason}` };
  }
  return {
    status: 'not_affected',
    ...(justification !== null && { justification }),
    ...((reason ?? justification === null) && { impact_statement: reason ?? 'stated without a reason' }),
    ...(author !== null && { status_notes: `stated by ${author}` }),
  };
}

/** Names an image by its digest, whatever its tag points to later. */
function productOf({ reference, digest }: ReportTarget): object {
  if (digest === null) return { '@id': reference };
  const repository = reference.replace(/@[^@]*$/, '').replace(/:[^:/]*$/, '');
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const purl = `pkg:oci/${uriPart(name)}@${uriPart(digest)}?repository_url=${uriPart(repository)}`;
  return { '@id': purl, identifiers: { purl }, hashes: { 'sha-256': digest.replace('sha256:', '') } };
}

/** Text of an image may hold lone surrogates, which have no encoding. */
function uriPart(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
