import {
  type Finding,
  type FindingLocation,
  type ImagePackage,
  locationsOf,
  type Suppressed,
  type Suppression,
  withLocations,
} from '@tidewaiter/domain';

import type { ImageIdentity } from './evaluated-image.js';
import { type Exception, isAbout, isExcepted, suppressionOf } from './exceptions/exception.js';
import type { VexStatement } from './vex/statement.js';
import { VexEvaluation } from './vex/vex-evaluation.js';

/** Statements and exceptions that can suppress findings. */
export interface Objections {
  statements: readonly VexStatement[];
  exceptions: readonly Exception[];
}

/** Counted and suppressed findings, with warnings about the difference. */
export interface SuppressionResult<Of extends Finding> {
  findings: Of[];
  suppressed: Suppressed<Of>[];
  warnings: { code: string; path: null; message: string }[];
}

/**
 * Removes findings that are excepted, or that do not affect this image according to VEX; an
 * exception wins over a VEX statement. An exception that covers some places of a finding leaves it
 * with the others.
 */
export function suppress<Of extends Finding>(
  findings: readonly Of[],
  image: ImageIdentity & { packages: readonly Pick<ImagePackage, 'purl'>[] },
  { statements, exceptions }: Objections,
  now: Date,
): SuppressionResult<Of> {
  const own = exceptions.filter((exception) => isAbout(exception, image));
  const vex = new VexEvaluation(statements, image, image.packages);
  const expired = new Map<Exception, number>();
  const evaluated: SuppressionResult<Of> = { findings: [], suppressed: [], warnings: [] };
  for (const finding of findings) {
    const { counted, excepted, ended } = exceptedPlaces(finding, own, now);
    evaluated.suppressed.push(...excepted);
    if (counted === null) continue;
    const by = vexSuppression(vex.of(counted));
    if (by) {
      evaluated.suppressed.push({ ...counted, by });
      continue;
    }
    evaluated.findings.push(counted);
    for (const exception of ended) expired.set(exception, (expired.get(exception) ?? 0) + 1);
  }
  evaluated.warnings.push(...[...expired].map(([exception, count]) => expiryWarning(exception, count)));
  return evaluated;
}

/** A finding divided by the exceptions that hold for its places. */
interface ExceptedPlaces<Of extends Finding> {
  /** The finding with the places that no exception covers; null without any. */
  counted: Of | null;
  excepted: Suppressed<Of>[];
  /** Ended exceptions that covered a place that counts. */
  ended: ReadonlySet<Exception>;
}

function exceptedPlaces<Of extends Finding>(
  finding: Of,
  exceptions: readonly Exception[],
  now: Date,
): ExceptedPlaces<Of> {
  const ended = new Set<Exception>();
  const places = Map.groupBy(locationsOf(finding), (location) => {
    const covering = exceptions.filter((exception) => isExcepted(exception, finding, location));
    const valid = covering.find(({ until }) => until === null || until > now);
    if (!valid) for (const exception of covering) ended.add(exception);
    return valid;
  });
  const left = places.get(undefined) ?? [];
  const covered = [...places].flatMap(([by, own]) => (by ? [{ by, places: own }] : []));
  const more = finding.moreLocations ?? 0;
  // Places that are only counted may be anywhere: an exception for some paths does not cover them.
  const isWhole = left.length === 0 && (more === 0 || covered.some(({ by }) => by.paths === undefined));
  if (covered.length === 0 || (left.length === 0 && !isWhole)) return { counted: finding, excepted: [], ended };
  const excepted = covered.map(({ by, places: own }, index) => ({
    ...narrowed(finding, own, isWhole && index === 0 ? more : 0),
    by: suppressionOf(by),
  }));
  return { counted: isWhole ? null : narrowed(finding, left, more), excepted, ended };
}

function narrowed<Of extends Finding>(finding: Of, places: readonly FindingLocation[], more: number): Of {
  return finding.locations === undefined ? finding : withLocations(finding, places, more);
}

function vexSuppression(statement: VexStatement | undefined): Suppression | undefined {
  if (statement?.status !== 'not_affected' && statement?.status !== 'fixed') return undefined;
  const { source, author, justification, status } = statement;
  const reason = statement.reason ?? (status === 'fixed' ? 'fixed, says the statement' : null);
  return { kind: 'vex', source, author, reason, justification, until: null };
}

function expiryWarning({ finding, source, until, owner }: Exception, count: number) {
  const owned = owner === null ? '' : `, owner ${owner}`;
  const what = `${finding} (${count} finding${count === 1 ? '' : 's'})`;
  const message = `${what} counts again: the exception in ${source} ended on ${until!.toISOString().slice(0, 10)}${owned}`;
  return { code: 'EXCEPTION_EXPIRED', path: null, message };
}
