import type { Finding, ImagePackage, Suppressed, Suppression } from '@tidewaiter/domain';

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
 * exception wins over a VEX statement.
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
    const excepted = own.filter((exception) => isExcepted(exception, finding));
    const valid = excepted.find(({ until }) => until === null || until > now);
    const by = valid ? suppressionOf(valid) : vexSuppression(vex.of(finding));
    if (by) {
      evaluated.suppressed.push({ ...finding, by });
      continue;
    }
    evaluated.findings.push(finding);
    for (const exception of excepted) expired.set(exception, (expired.get(exception) ?? 0) + 1);
  }
  evaluated.warnings.push(...[...expired].map(([exception, count]) => expiryWarning(exception, count)));
  return evaluated;
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
