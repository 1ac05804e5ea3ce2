import {
  type Attestation,
  countFindings,
  groupByLocation,
  isCounted,
  printable,
  severities,
  type Signer,
} from '@tidewaiter/domain';

import type { Report, ReportFinding, ReportWarning } from './report.js';

/** Formats as `1 finding`, `8,917 findings`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Summarizes findings: `14 findings: 2 critical, 12 high`, by the common counting rules; findings
 * that later layers hide are listed separately.
 */
export function severitiesText(findings: readonly ReportFinding[]): string {
  const counts = countFindings(findings);
  const total = severities.reduce((sum, each) => sum + counts[each], 0);
  const hidden = groupByLocation(findings).filter(([first]) => !isCounted(first!)).length;
  const parts = severities
    .filter((each) => counts[each] > 0)
    .map((each) => `${counts[each].toLocaleString('en-US')} ${each}`);
  const counted = [countOf(total, 'finding'), parts.join(', ')].filter((each) => each !== '').join(': ');
  return hidden === 0 ? counted : `${counted}; not counted: ${hidden.toLocaleString('en-US')} removed in later layers`;
}

const suppressors = { vex: 'by VEX', ignore: 'by ignore files', exception: 'by exceptions' } as const;

/** Formats as `3 findings suppressed: 2 by VEX, 1 by ignore files`; undefined without any. */
export function suppressedText({ suppressed }: Report): string | undefined {
  if (suppressed.length === 0) return undefined;
  const parts = (['vex', 'ignore', 'exception'] as const).flatMap((kind) => {
    const count = suppressed.filter(({ by }) => by.kind === kind).length;
    return count === 0 ? [] : `${count.toLocaleString('en-US')} ${suppressors[kind]}`;
  });
  return `${countOf(suppressed.length, 'finding')} suppressed: ${parts.join(', ')}`;
}

/** Summarizes the present packages: `133 packages: 91 deb, 42 npm`. */
export function packagesText({ packages }: Report): string {
  const counts = new Map<string, number>();
  const present = packages.filter(({ state }) => state === 'present');
  for (const { type } of present) counts.set(type, (counts.get(type) ?? 0) + 1);
  const parts = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const list = parts.map(([type, count]) => `${count.toLocaleString('en-US')} ${type}`).join(', ');
  return `${countOf(present.length, 'package')}${list === '' ? '' : `: ${list}`}`;
}

/** Whether the target has files and packages, as an image does: a Dockerfile has neither. */
export function holdsFiles({ target: { reference } }: Report): boolean {
  return !/^(dockerfile|k8s):/.test(reference);
}

/** Describes the scanned parts, so that an empty report does not look like a complete check. */
export function checkedText(report: Report): string {
  const { packages, layers, stats } = report;
  if (!holdsFiles(report)) return 'its configuration';
  const present = packages.filter(({ state }) => state === 'present');
  const looked = `${countOf(present.length, 'package')} and ${countOf(stats.files, 'file')} in ${countOf(layers.length, 'layer')}`;
  const { advisoriesAsOf } = stats;
  return `${looked}, ${advisoriesAsOf === null ? 'without advisories' : `advisories of ${printable(advisoriesAsOf.slice(0, 10))}`}`;
}

/** Dates of several sources, oldest first: `Red Hat VEX 2026-11-20, KEV 2026-11-24`; else null. */
export function sourcesText({ stats: { advisorySources } }: Report): string | null {
  const oldestFirst = advisorySources.toSorted((one, other) => (one.asOf < other.asOf ? -1 : 1));
  const parts = oldestFirst.map(({ source, asOf }) => `${printable(source, 80)} ${printable(asOf.slice(0, 10))}`);
  return parts.length < 2 ? null : parts.join(', ');
}

export function osText({ os }: Report): string {
  return os === null ? 'no distribution' : printable(os.name, 80);
}

/** Describes signers and provenance; null if signatures were not checked. */
export function signedText({ provenance }: Report): string | null {
  if (provenance === null) return null;
  const { signatures, attestations } = provenance;
  const all = [...signatures, ...attestations];
  const signers = new Set(all.map(({ signer }) => signer && signerText(signer)).filter((each) => each !== null));
  if (signers.size === 0) {
    const codes = [...new Set(all.map(({ code }) => code))].join(', ');
    const refused = all.length === 0 ? '' : ` (${countOf(all.length, 'signature')} refused: ${codes})`;
    return `not signed by any configured signer${refused}`;
  }
  const built = attestations.find(({ verified, kind }) => verified && kind === 'provenance');
  const others = new Set(attestations.flatMap(({ verified, kind }) => (verified && kind !== 'provenance' ? kind : [])));
  return [
    `signed by ${[...signers].join(' and ')}`,
    ...(built ? [builtText(built)] : []),
    ...(others.size > 0 ? [`also attested: ${[...others].join(', ')}`] : []),
  ].join('; ');
}

function signerText({ name, identity }: Signer): string {
  return identity === null ? `key ${printable(name)}` : printable(identity);
}

function builtText({ builder, source, revision, builtAt }: Attestation): string {
  const facts = [
    ['by', builder],
    ['from', source],
    ['at revision', revision],
    ['on', builtAt?.slice(0, 10)],
  ] as const;
  const known = facts.flatMap(([word, fact]) => (fact ? `${word} ${printable(fact)}` : []));
  return known.length === 0 ? 'built by an unknown builder' : `built ${known.join(' ')}`;
}

/**
 * Describes the verdict with its first reason. Without a gate: the reason, and the flag with which
 * it would fail.
 */
export function verdictText({ verdict: { result, reasons } }: Report, isGate = true): string {
  const [first] = reasons;
  const more = reasons.length > 1 ? ` (and ${countOf(reasons.length - 1, 'more reason')})` : '';
  if (first === undefined) return result;
  const reason = `${printable(first)}${more}`;
  if (isGate) return `${result}: ${reason}`;
  return result === 'fail' ? `${reason}; --fail-on high makes that exit code 1` : `not evaluated: ${reason}`;
}

/** Formats a warning on one line: its code, its path if any, and its message. */
export function warningText({ code, path, message }: ReportWarning): string {
  return [code, path, message].filter((part) => part !== null).join(': ');
}

/** Describes the remedy of one vulnerability; undefined if none is known. */
export function fixText({ fix, packageName, purl, installedVersion }: ReportFinding): string | undefined {
  if (fix.version !== null)
    return `upgrade ${packageName ?? purl} ${installedVersion ?? ''} to ${fix.version}`.replace('  ', ' ');
  if (fix.state === 'not-fixed') return 'no version fixes it yet';
  return fix.state === 'wont-fix' ? 'the distribution will not fix it' : undefined;
}
