import type { Finding } from '@tidewaiter/domain';

/** Findings that a signature or provenance after the push resolves. */
export const awaitedFindings: ReadonlySet<string> = new Set(['image-unsigned', 'identity-missing']);

/** Findings that a signature after the push may open or resolve. */
export const signatureFindings: ReadonlySet<string> = new Set([...awaitedFindings, 'identity-changed']);

/**
 * Findings beside which a missing signature is a second sign of an attack: it is announced with
 * them, at once.
 */
const urgentFindings: ReadonlySet<string> = new Set([
  'release-tag-moved',
  'release-tag-differs',
  'same-revision-different-content',
]);

/**
 * Separates the supply-chain findings of a push that are announced from those that wait, because CI
 * signs after it pushes. Only the announcement waits: gates and admission count each finding from
 * the start.
 */
export function splitAwaited(
  findings: readonly Finding[],
  isInGrace: boolean,
): { announced: Finding[]; awaited: Finding[] } {
  const waits = isInGrace && !findings.some(({ id }) => urgentFindings.has(id));
  const isAwaited = ({ id }: Finding) => waits && awaitedFindings.has(id);
  return { announced: findings.filter((each) => !isAwaited(each)), awaited: findings.filter(isAwaited) };
}
